/**
 * Carries out the core's disk operations on the storage, in order. Runs of appends become one
 * write and one sync; while it is under way, the next run gathers (group commit). Any failure is
 * final: a server whose disk failed must not go on.
 */
import { Fifo } from "../base/index.ts";
import type { Storage } from "../storage/index.ts";
import type { DiskOp } from "../zab/index.ts";

export interface DiskQueueHandlers {
  /** Everything up to `seq` is durable. */
  persisted(seq: number): void;
  /** Carries out an operation that replaces the state; resolves to where the state now ends. */
  replace(op: Extract<DiskOp, { kind: "truncate" | "install-snapshot" }>): Promise<bigint>;
  replaced(seq: number, lastZxid: bigint): void;
  failed(error: unknown): void;
}

export class DiskQueue {
  readonly #storage: Storage;
  readonly #handlers: DiskQueueHandlers;
  readonly #ops = new Fifo<DiskOp>();
  #isRunning = false;
  #rollRequested = false;
  #idle: Promise<void> = Promise.resolve();

  constructor(storage: Storage, handlers: DiskQueueHandlers) {
    this.#storage = storage;
    this.#handlers = handlers;
  }

  push(ops: readonly DiskOp[]): void {
    for (const op of ops) this.#ops.push(op);
    if (!this.#isRunning && this.#ops.length > 0) this.#idle = this.#run();
  }

  /** The next append begins a new log file. */
  rollLog(): void {
    this.#rollRequested = true;
  }

  /** Resolves when nothing is left to do. */
  async drain(): Promise<void> {
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
      this.#handlers.failed(error);
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
    this.#storage.append(first.entry.zxid, first.entry.payload);
    for (let next = this.#ops.peek(); next?.kind === "append"; next = this.#ops.peek()) {
      last = next;
      this.#storage.append(next.entry.zxid, next.entry.payload);
      this.#ops.shift();
    }
    await this.#storage.sync();
    this.#handlers.persisted(last.seq);
  }

  async #carryOut(op: Exclude<DiskOp, { kind: "append" }>): Promise<void> {
    switch (op.kind) {
      case "accepted-epoch":
        await this.#storage.saveAcceptedEpoch(op.epoch);
        this.#handlers.persisted(op.seq);
        break;
      case "current-epoch":
        await this.#storage.saveCurrentEpoch(op.epoch);
        this.#handlers.persisted(op.seq);
        break;
      case "truncate":
      case "install-snapshot":
        this.#handlers.replaced(op.seq, await this.#handlers.replace(op));
        break;
    }
  }
}
