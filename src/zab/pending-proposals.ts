/**
 * What a learner has received from its leader and what is not committed yet.
 *
 * Invariants:
 * 1. The entries follow `context.history` without gap, in order.
 * 2. Of them, the first `#loggedCount` have been given to the log.
 */
import { WireError, formatHex, payloadZxid } from "../wire/index.ts";
import { follows } from "./history.ts";
import type { HistoryEntry } from "./history.ts";
import { reconfiguration } from "./membership.ts";
import { appendToLog } from "./peer-context.ts";
import type { PeerContext } from "./peer-context.ts";

export class PendingProposals {
  readonly #context: PeerContext;
  #entries: HistoryEntry[] = [];
  #loggedCount = 0;

  constructor(context: PeerContext) {
    this.#context = context;
  }

  /** zxid of the newest entry, or of the history when there is none. */
  get newestZxid(): bigint {
    return this.#entries[this.#entries.length - 1]?.zxid ?? this.#context.history.last;
  }

  /** Entries that are in the log. */
  logged(): readonly HistoryEntry[] {
    return this.#entries.slice(0, this.#loggedCount);
  }

  /**
   * Takes in what the leader proposes, or tells of.
   *
   * @throws WireError when it does not follow the newest entry; QuorumConfigError when it makes a
   *   configuration that cannot be.
   */
  receive(entry: HistoryEntry): void {
    const { zxid, payload } = entry;
    const last = this.newestZxid;
    if (!follows(last, zxid) || payloadZxid(payload) !== zxid) {
      const place = `Proposal ${formatHex(zxid)} does not follow ${formatHex(last)}`;
      throw new WireError("bad-value", place);
    }
    const next = reconfiguration(entry);
    if (next !== undefined) this.#context.configs.see(next);
    this.#entries.push(entry);
  }

  /** Makes sure that all entries have been given to the log. */
  logAll(): void {
    this.#log(this.#entries.length);
  }

  /**
   * Removes the oldest entry, which has been given to the log by then; undefined when it is not
   * that of `zxid`.
   */
  takeCommitted(zxid: bigint): HistoryEntry | undefined {
    const [entry] = this.#entries;
    if (entry?.zxid !== zxid) return undefined;
    this.#log(1);
    this.#entries.shift();
    this.#loggedCount -= 1;
    return entry;
  }

  #log(count: number): void {
    while (this.#loggedCount < count) {
      const entry = this.#entries[this.#loggedCount];
      if (entry === undefined) return;
      appendToLog(this.#context, entry);
      this.#loggedCount += 1;
    }
  }
}
