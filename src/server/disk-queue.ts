/**
 * Carries out the core's disk operations on the storage, in order. Runs of appends become one
 * write and one sync; while it is under way, the next run gathers (group commit). A full disk
 * makes the queue wait (`disk-space.ts`); any other failure is final: a server whose disk failed
 * must not go on.
 */
import { Fifo } from "../base/index.ts";
import type { Logger } from "../observe/index.ts";
import { isOutOfSpace } from "../storage/index.ts";
import type { Storage } from "../storage/index.ts";
import type { DiskOp } from "../zab/index.ts";
import { DiskSpace } from "./disk-space.ts";
import type { DiskCondition } from "./disk-space.ts";

/** What the core has to know of a state that has replaced another one. */
export interface StateEnd {
  readonly lastZxid: bigint;
  /** The configuration in it. */
  readonly configText: string;
}

export interface DiskQueueHandlers {
  /** Everything up to `seq` is durable. */
  persisted(seq: number): void;
  /** Carries out an operation that replaces the state; resolves to what is there instead. */
  replace(op: Extract<DiskOp, { kind: "truncate" | "install-snapshot" }>): Promise<StateEnd>;
  replaced(seq: number, end: StateEnd): void;
  failed(error: unknown): void;
}

/** Transactions that may gather in memory before a full disk, in bytes of their payloads. */
const waitingBytesMax = 32 * 1024 * 1024;

export class DiskQueue {
  readonly #storage: Storage;
  readonly #handlers: DiskQueueHandlers;
  readonly #space: DiskSpace;
  readonly #ops = new Fifo<DiskOp>();
  /** Payload bytes of the appends that are not durable. */
  #waitingBytes = 0;
  #isRunning = false;
  #rollRequested = false;
  #idle: Promise<void> = Promise.resolve();
  /** Since when the sync at hand is under way; a history that is replaced takes its time. */
  #syncingSinceMs: number | undefined;

  constructor(storage: Storage, logger: Logger, handlers: DiskQueueHandlers) {
    this.#storage = storage;
    this.#handlers = handlers;
    this.#space = new DiskSpace(logger);
  }

  get condition(): DiskCondition {
    const { isFull, fullForMs } = this.#space;
    return {
      isFull,
      fullForMs,
      waitingBytes: this.#waitingBytes,
      syncingForMs: this.#syncingForMs,
    };
  }

  /** Payload bytes of the transactions that are not durable. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Whether so much waits for a full disk that nothing more may be pushed for long. */
  get isOverfull(): boolean {
    return this.#waitingBytes > waitingBytesMax && this.#space.isFull;
  }

  get #syncingForMs(): number {
    if (this.#syncingSinceMs === undefined || this.#space.isFull) return 0;
    return performance.now() - this.#syncingSinceMs;
  }

  push(ops: readonly DiskOp[]): void {
    for (const op of ops) {
      this.#ops.push(op);
      if (op.kind === "append") this.#waitingBytes += op.entry.payload.length;
    }
    if (!this.#isRunning && this.#ops.length > 0) this.#idle = this.#run();
  }

  /** The next append begins a new log file. */
  rollLog(): void {
    this.#rollRequested = true;
  }

  /** Repeats `operation` for as long as the disk is full; for `replace`. */
  untilSpace<T>(operation: () => Promise<T>): Promise<T> {
    return this.#space.untilDone(operation);
  }

  /** Resolves when nothing is left to do, or what is left has to wait for space. */
  async drain(): Promise<void> {
    this.#space.giveUp();
    await this.#idle;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      for (let op = this.#ops.shift(); op !== undefined; op = this.#ops.shift()) {
        if (op.kind === "append") await this.#append(op);
        else await this.#carryOut(op);
      }
    } catch (error) {
      // For want of space the queue ends only when it is drained: nobody was told of what is left.
      if (!isOutOfSpace(error)) this.#handlers.failed(error);
      return;
    }
    this.#isRunning = false;
  }

  async #append(first: Extract<DiskOp, { kind: "append" }>): Promise<void> {
    if (this.#rollRequested) {
      this.#rollRequested = false;
      this.#storage.rollLog();
    }
    let last = first;
    let bytes = first.entry.payload.length;
    this.#storage.append(first.entry.zxid, first.entry.payload);
    for (let next = this.#ops.peek(); next?.kind === "append"; next = this.#ops.peek()) {
      last = next;
      bytes += next.entry.payload.length;
      this.#storage.append(next.entry.zxid, next.entry.payload);
      this.#ops.shift();
    }
    await this.#sync(() => this.#storage.sync());
    this.#waitingBytes -= bytes;
    this.#handlers.persisted(last.seq);
  }

  async #sync(operation: () => Promise<void>): Promise<void> {
    this.#syncingSinceMs = performance.now();
    await this.#space.untilDone(operation);
    this.#syncingSinceMs = undefined;
  }

  async #carryOut(op: Exclude<DiskOp, { kind: "append" }>): Promise<void> {
    switch (op.kind) {
      case "accepted-epoch":
        await this.#sync(() => this.#storage.saveAcceptedEpoch(op.epoch));
        this.#handlers.persisted(op.seq);
        break;
      case "current-epoch":
        await this.#sync(() => this.#storage.saveCurrentEpoch(op.epoch));
        this.#handlers.persisted(op.seq);
        break;
      case "volume":
        await this.#space.untilDone(() => this.#storage.saveVolume(op.record));
        this.#handlers.persisted(op.seq);
        break;
      case "active-config":
        await this.#space.untilDone(() => this.#storage.saveActiveConfig(op.config.text));
        this.#handlers.persisted(op.seq);
        break;
      case "truncate":
      case "install-snapshot":
        this.#handlers.replaced(op.seq, await this.#handlers.replace(op));
        break;
    }
  }
}
