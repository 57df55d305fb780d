/**
 * Brings learners up to date from a leader's log when memory does not reach back far enough: finds
 * out whether the log has what a learner lacks, and is worth it (ZooKeeper 3.9
 * `snapshotSizeFactor`), and makes packets of it at the pace at which they are taken. What the
 * learner is to get in the end is decided by the core.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../observe/index.ts";
import { StorageError } from "../storage/index.ts";
import type { LogHistory, Storage } from "../storage/index.ts";
import type { DataTree } from "../tree/index.ts";
import { JuteWriter, PacketType, formatHex, writeQuorumPacket } from "../wire/index.ts";
import type { LinkId, LogPlace } from "../zab/index.ts";

export interface LogSyncOptions {
  readonly storage: Storage;
  readonly logger: Logger;
  /** Largest size of the log in that of a snapshot; negative for never, 0 for no limit. */
  readonly snapshotSizeFactor: number;
}

const pieceBytes = 64 * 1024;

/** Bytes of a node in a snapshot besides its path and data. */
const nodeOverheadBytes = 84;

/** How often the log is looked at for what the disk has not taken yet. */
const pollMs = 20;

export class LogSync {
  readonly #options: LogSyncOptions;
  /** By link; null while it is being looked for. */
  readonly #histories = new Map<LinkId, LogHistory | null>();
  /** The log cannot be read: snapshots will do. */
  #isUnusable = false;

  constructor(options: LogSyncOptions) {
    this.#options = options;
  }

  /** What the log has behind `zxid`; undefined when nothing, or too much. Never rejects. */
  async lookUp(link: LinkId, zxid: bigint, tree: DataTree): Promise<LogPlace | undefined> {
    const { storage, snapshotSizeFactor: factor } = this.#options;
    if (factor < 0 || this.#isUnusable) return undefined;
    const snapshotBytes = tree.approximateDataBytes + tree.nodeCount * nodeOverheadBytes;
    this.#histories.set(link, null);
    try {
      const history = await storage.openHistory(zxid);
      if (history === null) return undefined;
      const isSmall = factor === 0 || (await history.remainingBytes()) <= factor * snapshotBytes;
      if (!isSmall || !this.#histories.has(link)) {
        await history.close();
        return undefined;
      }
      this.#histories.set(link, history);
      return { position: history.position, next: history.next };
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  /** A link is gone, or gets something else. */
  release(link: LinkId): void {
    const history = this.#histories.get(link);
    this.#histories.delete(link);
    if (history !== null && history !== undefined) void this.#close(history);
  }

  /**
   * A PROPOSAL and a COMMIT for each transaction of what was looked up for `link`, up to `upTo`.
   * Ends early when the link is released.
   * @throws StorageError when the log does not show them all.
   */
  async *packets(link: LinkId, upTo: bigint): AsyncGenerator<Buffer, void, undefined> {
    const history = this.#histories.get(link);
    if (history === undefined || history === null) return;
    const writer = new JuteWriter(2 * pieceBytes);
    try {
      while (history.position < upTo && this.#histories.get(link) === history) {
        const found = await history.read();
        // What others have committed may be on its way to the disk here.
        if (found.length === 0) await sleep(pollMs);
        for (const { zxid, payload } of found) {
          if (zxid > upTo) break;
          writePair(writer, zxid, payload);
          if (writer.length >= pieceBytes) yield writer.takeCopy();
        }
        if (writer.length > 0) yield writer.takeCopy();
      }
    } catch (error) {
      this.#fail(error);
      throw error;
    } finally {
      this.release(link);
    }
  }

  #fail(error: unknown): void {
    if (!(error instanceof StorageError)) throw error;
    if (error.code === "cancelled") return;
    this.#isUnusable = true;
    this.#options.logger.warn("The log cannot be read for learners", { reason: error.message });
  }

  async #close(history: LogHistory): Promise<void> {
    try {
      await history.close();
    } catch (error) {
      this.#options.logger.warn("A log file that was read cannot be closed", {
        position: formatHex(history.position),
        reason: String(error),
      });
    }
  }
}

function writePair(writer: JuteWriter, zxid: bigint, payload: Buffer): void {
  const rest = { zxid, authInfo: null };
  writeQuorumPacket(writer, { ...rest, type: PacketType.proposal, data: payload });
  writeQuorumPacket(writer, { ...rest, type: PacketType.commit, data: null });
}
