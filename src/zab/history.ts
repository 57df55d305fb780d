/**
 * The end of a server's history, kept in memory so that a learner that is a little behind can be
 * brought up by sending it what it lacks (ZooKeeper's committedLog).
 *
 * Invariants, held by `push` and checked by assertion:
 * 1. Entries ascend by zxid.
 * 2. Within an epoch zxids follow each other without a gap; an epoch starts at counter 1.
 * 3. `last` is the zxid of the newest entry, or of the state the history started from.
 */
import { assert } from "../base/index.ts";
import { zxidCounter, zxidEpoch } from "../wire/index.ts";

/** One transaction of the history; `payload` is opaque here. */
export interface HistoryEntry {
  readonly zxid: bigint;
  readonly payload: Buffer;
}

/** How many entries, and bytes of payload, are kept at the most. */
export interface HistoryLimits {
  readonly entriesMax: number;
  readonly bytesMax: number;
}

/** Whether `next` may directly follow `last` in one history. */
export function follows(last: bigint, next: bigint): boolean {
  if (next === last + 1n) return zxidCounter(next) !== 0;
  return zxidEpoch(next) > zxidEpoch(last) && zxidCounter(next) === 1;
}

/** The newest part of a history. */
export class History {
  readonly #limits: HistoryLimits;
  #entries: HistoryEntry[] = [];
  #start = 0;
  #bytes = 0;
  #last: bigint;
  /** The zxid that the first entry follows, when known: a learner at it lacks just the entries. */
  #base: bigint | undefined;

  constructor(limits: HistoryLimits, last: bigint, recent: readonly HistoryEntry[] = []) {
    this.#limits = limits;
    this.#last = recent[0]?.zxid ?? last;
    this.#base = recent.length === 0 ? last : undefined;
    const [first, ...rest] = recent;
    if (first !== undefined) this.#append(first);
    for (const entry of rest) this.push(entry);
    assert(this.#last === last, "a history ends where it is said to end");
  }

  /** zxid of the newest transaction. */
  get last(): bigint {
    return this.#last;
  }

  get size(): number {
    return this.#entries.length - this.#start;
  }

  push(entry: HistoryEntry): void {
    assert(follows(this.#last, entry.zxid), "a history has no gaps");
    this.#append(entry);
  }

  /** Forgets entries above `zxid`; what remains ends at `zxid`. */
  truncate(zxid: bigint): void {
    let end = this.#entries.length;
    while (end > this.#start && (this.#entries[end - 1]?.zxid ?? zxid) > zxid) end -= 1;
    const kept = this.#entries.slice(this.#start, end);
    if (kept.length === 0 || kept[kept.length - 1]?.zxid !== zxid) {
      this.reset(zxid);
      return;
    }
    this.#entries = kept;
    this.#start = 0;
    this.#bytes = kept.reduce((sum, entry) => sum + entry.payload.length, 0);
    this.#last = zxid;
  }

  /** Starts anew from a state at `zxid` without any entries. */
  reset(zxid: bigint): void {
    this.#entries = [];
    this.#start = 0;
    this.#bytes = 0;
    this.#last = zxid;
    this.#base = zxid;
  }

  /** Whether all that follows `zxid`, which this history contains, is at hand. */
  reachesBackTo(zxid: bigint): boolean {
    if (zxid === this.#last || zxid === this.#base) return true;
    return this.#indexOf(zxid) >= 0;
  }

  /** Lowest zxid from which `after` can answer. */
  get oldest(): bigint {
    return this.#base ?? this.#entries[this.#start]?.zxid ?? this.#last;
  }

  /** Entries above `zxid`, oldest first. */
  after(zxid: bigint): HistoryEntry[] {
    return this.#entries.slice(this.#firstAbove(zxid));
  }

  /** zxid of the newest entry below `zxid`, or undefined when none is at hand. */
  before(zxid: bigint): bigint | undefined {
    let index = this.#firstAbove(zxid) - 1;
    if (index >= this.#start && this.#entries[index]?.zxid === zxid) index -= 1;
    if (index >= this.#start) return this.#entries[index]?.zxid;
    return this.#base !== undefined && this.#base < zxid ? this.#base : undefined;
  }

  #append(entry: HistoryEntry): void {
    this.#entries.push(entry);
    this.#bytes += entry.payload.length;
    this.#last = entry.zxid;
    while (this.size > this.#limits.entriesMax || this.#bytes > this.#limits.bytesMax) {
      const dropped = this.#entries[this.#start];
      if (dropped === undefined) break;
      this.#bytes -= dropped.payload.length;
      this.#base = dropped.zxid;
      this.#start += 1;
    }
    if (this.#start > 256 && this.#start * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
  }

  /** Index of the first entry above `zxid`, by bisection. */
  #firstAbove(zxid: bigint): number {
    let low = this.#start;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.zxid ?? 0n) <= zxid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #indexOf(zxid: bigint): number {
    const index = this.#firstAbove(zxid) - 1;
    return index >= this.#start && this.#entries[index]?.zxid === zxid ? index : -1;
  }
}
