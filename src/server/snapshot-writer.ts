/**
 * Takes snapshots of a living tree: after so much of the log a new log file is begun and the tree
 * is written down in the background, piece by piece between turns; old files are purged
 * after it. A snapshot is a matter of speed (a shorter log to replay), so one that fails is
 * reported and tried again later, unless a sync has failed: then nobody knows what is on the disk.
 */
import type { Logger } from "../observe/index.ts";
import { StorageError, isOutOfSpace } from "../storage/index.ts";
import type { SnapshotDigest, Storage } from "../storage/index.ts";
import { digestVersion } from "../tree/index.ts";
import type { DataTree } from "../tree/index.ts";
import { encodeSnapshotBody, formatHex } from "../wire/index.ts";
import type { SnapshotReceipt } from "./snapshot-receipt.ts";

/** How much of the log lies between two snapshots, at the most. */
export interface SnapshotInterval {
  readonly transactions: number;
  /** Bytes of their payloads; Infinity for no limit. */
  readonly bytes: number;
}

export interface SnapshotWriterOptions {
  readonly storage: Storage;
  readonly logger: Logger;
  /** What may come until the next snapshot; asked anew each time, so that servers differ. */
  readonly every: () => SnapshotInterval;
  readonly rollLog: () => void;
  /** Whether old files are removed after a snapshot. */
  readonly purges: boolean;
  /** A snapshot could not be written. */
  readonly failed: () => void;
  /** A sync failed, of a file or a folder: the server must not go on. */
  readonly diskFailed: (error: StorageError) => void;
}

/** After how much of an interval a snapshot is tried again that the disk had no space for. */
const retryShare = 0.1;

export class SnapshotWriter {
  readonly #options: SnapshotWriterOptions;
  #transactionsLeft = 0;
  #bytesLeft = 0;
  #running: Promise<void> | undefined;
  /** The run that is to be given up. */
  #cancelled: Promise<void> | undefined;

  constructor(options: SnapshotWriterOptions) {
    this.#options = options;
    this.#beginInterval();
  }

  /** A transaction of so many bytes was applied to `tree`. */
  applied(tree: DataTree, payloadBytes: number): void {
    this.#transactionsLeft -= 1;
    this.#bytesLeft -= payloadBytes;
    if (this.#transactionsLeft > 0 && this.#bytesLeft > 0) return;
    if (this.#running !== undefined) return;
    this.#beginInterval();
    this.#running = this.#write(tree).finally(() => {
      this.#running = undefined;
    });
  }

  /**
   * Writes a snapshot of `tree` as soon as one that is being written is done; resolves to its zxid.
   * @throws StorageError when it cannot be written.
   */
  async take(tree: DataTree): Promise<bigint> {
    while (this.#running !== undefined) await this.#running;
    this.#beginInterval();
    const zxid = tree.lastProcessedZxid;
    const writing = this.#writeDown(tree);
    // Whoever waits for the snapshot hears how it ended; others wait for its end alone.
    this.#running = writing
      .catch(() => undefined)
      .finally(() => {
        this.#running = undefined;
      });
    await writing;
    return zxid;
  }

  /** Gives up a snapshot in progress: the tree is about to take in what is not decided. */
  cancel(): void {
    this.#cancelled = this.#running;
  }

  /** Makes a snapshot of the leader the state on disk, while it comes. */
  async install(receipt: SnapshotReceipt): Promise<void> {
    await this.#options.storage.installSnapshot(receipt.pieces(), {
      lastProcessedZxid: receipt.zxid,
      digest: () => (receipt.tree === undefined ? null : treeDigestRecord(receipt.tree)),
    });
    this.#beginInterval();
  }

  /** Resolves when no snapshot is being written. */
  async drain(): Promise<void> {
    await this.#running;
  }

  #beginInterval(): void {
    const { transactions, bytes } = this.#options.every();
    this.#transactionsLeft = transactions;
    this.#bytesLeft = bytes;
  }

  async #write(tree: DataTree): Promise<void> {
    const zxid = formatHex(tree.lastProcessedZxid);
    try {
      await this.#writeDown(tree);
    } catch (error) {
      this.#report(error, zxid);
    }
  }

  #report(error: unknown, zxid: string): void {
    const { logger } = this.#options;
    const isExpected =
      error instanceof StorageError && (error.code === "cancelled" || error.code === "closed");
    if (isExpected) return;
    this.#options.failed();
    if (isOutOfSpace(error)) {
      logger.warn("Snapshot put off: the disk is full", { zxid });
      this.#transactionsLeft = Math.ceil(this.#transactionsLeft * retryShare);
      this.#bytesLeft *= retryShare;
      return;
    }
    logger.error("Snapshot failed", { zxid, error });
  }

  async #writeDown(tree: DataTree): Promise<void> {
    const { storage, rollLog } = this.#options;
    rollLog();
    try {
      await storage.writeSnapshot(this.#untilCancelled(encodeSnapshotBody(tree)), {
        lastProcessedZxid: tree.lastProcessedZxid,
        digest: () => treeDigestRecord(tree),
      });
      if (this.#options.purges) await storage.purge();
    } catch (error) {
      if (error instanceof StorageError && error.code === "sync-failed") {
        this.#options.diskFailed(error);
      }
      throw error;
    }
  }

  *#untilCancelled(chunks: Iterable<Buffer>): Generator<Buffer, void, undefined> {
    for (const chunk of chunks) {
      if (this.#cancelled !== undefined && this.#cancelled === this.#running) {
        throw new StorageError("cancelled", "Snapshot given up: the leadership has ended");
      }
      yield chunk;
    }
  }
}

/** What a snapshot says of the tree's digest once it is written. */
export function treeDigestRecord(tree: DataTree): SnapshotDigest {
  return { zxid: tree.lastProcessedZxid, version: digestVersion, digest: tree.digest };
}
