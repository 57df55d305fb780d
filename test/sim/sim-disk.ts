/**
 * A server's disk. Writes queue up and become durable in order, in batches, after a random time.
 * Faults: a crash keeps a random prefix of what was not yet durable (nothing, all, or up to some
 * write; a torn write counts as not written), and syncs can be slow for a while. Not simulated,
 * because the log's own checksums and the snapshot's rename are to notice or prevent them: bits
 * that rot, and snapshots that are half installed.
 */
import { randomInt } from "../../src/base/index.ts";
import type { Random } from "../../src/base/index.ts";
import { plainVolume, zxidEpoch } from "../../src/wire/index.ts";
import type { VolumeRecord } from "../../src/wire/index.ts";
import type { DiskOp } from "../../src/zab/index.ts";
import { applyEntry, emptyState, labelled, nodeAt } from "./chain.ts";
import type { State } from "./chain.ts";
import type { DiskOptions } from "./options.ts";
import type { Scheduler } from "./scheduler.ts";
import { Violation } from "./violation.ts";

/** What a crash cannot take away. */
interface Content {
  /** The oldest snapshot kept: what can still be gone back to. */
  base: State;
  /** The snapshot with the log applied. */
  tip: State;
  acceptedEpoch: number;
  currentEpoch: number;
  volume: VolumeRecord;
}

type Write =
  | { readonly op: DiskOp; readonly body: State | undefined }
  /** A snapshot of the server's own state, after which the log below it is purged. */
  | { readonly snapshot: State };

/** `replaced` is the state after a truncation or an installed snapshot. */
export type WhenDurable = (seq: number, replaced: State | undefined) => void;

export interface DiskContext {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly options: DiskOptions;
  readonly where: string;
}

export class SimDisk {
  readonly #context: DiskContext;
  readonly #content: Content = {
    base: emptyState,
    tip: emptyState,
    acceptedEpoch: 0,
    currentEpoch: 0,
    volume: plainVolume,
  };
  #queue: Write[] = [];
  #isSyncing = false;
  /** Changes with each crash: a sync that was under way has no effect any more. */
  #life = 0;
  #slowness = 1;
  whenDurable: WhenDurable = () => undefined;

  constructor(context: DiskContext) {
    this.#context = context;
  }

  /** What is durable. */
  get content(): Readonly<Content> {
    return this.#content;
  }

  set slowness(factor: number) {
    this.#slowness = factor;
  }

  write(op: DiskOp, body: State | undefined): void {
    this.#queue.push({ op, body });
    const isReplacement = op.kind === "truncate" || op.kind === "install-snapshot";
    // The mutation: what was written is called durable before it is.
    if (this.#context.options.lies && !isReplacement) {
      const life = this.#life;
      this.#context.scheduler.after(1, () => {
        if (life === this.#life) this.whenDurable(op.seq, undefined);
      });
    }
    this.#startSync();
  }

  snapshot(state: State): void {
    this.#queue.push({ snapshot: state });
    this.#startSync();
  }

  /** Loses what was not durable, but for a random prefix, and applies the rule of recovery. */
  crash(): void {
    const { random, where } = this.#context;
    this.#life += 1;
    this.#isSyncing = false;
    const survivors = randomInt(random, 0, this.#queue.length + 1);
    for (const write of this.#queue.slice(0, survivors)) this.#apply(write);
    const torn = this.#queue[survivors];
    // The log is cut before a received snapshot takes its place: a crash may come between.
    const isCut = torn !== undefined && "op" in torn && torn.op.kind === "install-snapshot";
    if (isCut && random.next() < 0.5) this.#truncate(torn.op.zxid);
    this.#queue = [];
    const content = this.#content;
    const historyEpoch = zxidEpoch(content.tip.label);
    content.currentEpoch = Math.max(content.currentEpoch, historyEpoch);
    if (content.acceptedEpoch < content.currentEpoch) {
      throw new Violation("epochs are accepted first", `${where} has entered a later one`);
    }
  }

  /** Whether something waits to be written. */
  get isBusy(): boolean {
    return this.#queue.length > 0;
  }

  #startSync(): void {
    if (this.#isSyncing || this.#queue.length === 0) return;
    const { scheduler, random, options } = this.#context;
    this.#isSyncing = true;
    const life = this.#life;
    const lag = options.lies ? 50 : 1;
    const syncMs = randomInt(random, options.syncMinMs, options.syncMaxMs + 1) * this.#slowness;
    const count = this.#batchSize(randomInt(random, 1, options.batchMax + 1));
    scheduler.after(syncMs * lag, () => {
      if (life === this.#life) this.#finishSync(count);
    });
  }

  /** A replacement of the state ends a batch. */
  #batchSize(countMax: number): number {
    let count = 0;
    for (const write of this.#queue.slice(0, countMax)) {
      count += 1;
      if ("op" in write && (write.op.kind === "truncate" || write.body !== undefined)) break;
    }
    return count;
  }

  #finishSync(count: number): void {
    const { lies } = this.#context.options;
    let seq: number | undefined;
    let replaced: State | undefined;
    for (const write of this.#queue.splice(0, count)) {
      replaced = this.#apply(write);
      if ("op" in write) seq = write.op.seq;
    }
    this.#isSyncing = false;
    if (seq !== undefined && (replaced !== undefined || !lies)) this.whenDurable(seq, replaced);
    this.#startSync();
  }

  /** The new state when `write` replaces it. */
  #apply(write: Write): State | undefined {
    const content = this.#content;
    if ("snapshot" in write) {
      content.base = write.snapshot;
      return undefined;
    }
    const { op, body } = write;
    switch (op.kind) {
      case "append":
        content.tip = applyEntry(content.tip, op.entry, `log of ${this.#context.where}`);
        return undefined;
      case "accepted-epoch":
        content.acceptedEpoch = op.epoch;
        return undefined;
      case "current-epoch":
        content.currentEpoch = op.epoch;
        return undefined;
      case "volume":
        content.volume = op.record;
        return undefined;
      case "active-config":
        return undefined;
      case "install-snapshot":
        if (body === undefined) throw new Violation("contract", "a snapshot without a body");
        content.base = body;
        content.tip = body;
        return body;
      case "truncate":
        this.#truncate(op.zxid);
        return content.tip;
    }
  }

  #truncate(zxid: bigint): void {
    const content = this.#content;
    if (zxid >= content.base.label) {
      const kept = nodeAt(labelled(content.tip), zxid);
      const node = kept.count > content.base.node.count ? kept : content.base.node;
      content.tip = { node, label: kept.zxid };
    } else if (this.#context.options.forgets) {
      // The mutation: there is nothing to go back to, so start from nothing.
      content.base = emptyState;
      content.tip = emptyState;
    }
  }
}
