/**
 * The snapshots of a folder: lists them, reads one into a sink, writes one, drops old ones. Format:
 * `snapshot-format.ts`. A snapshot is written under a name that nobody reads, synced, and renamed,
 * so that under its own name it is always whole. Writing is sliced: one chunk is encoded, summed
 * and handed to the file system per turn of the event loop, and the file is synced as it grows,
 * lest one large sync at the end hold up those of the log.
 */
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";
import type { Logger } from "../observe/index.ts";
import { WireError, formatHex } from "../wire/index.ts";
import type { SnapshotSink } from "../wire/index.ts";
import {
  namesIn,
  removeFile,
  removeInOrder,
  renameDurably,
  syncFolder,
  writeFully,
} from "./durable-files.ts";
import {
  damagedSnapshotName,
  parseDamagedNames,
  parseSnapshotNames,
  snapshotFileName,
  unfinishedSnapshotName,
} from "./file-names.ts";
import type { SnapshotFile } from "./file-names.ts";
import {
  SnapshotFileDecoder,
  SnapshotFileEncoder,
  snapshotEnding,
  snapshotHeaderBytes,
} from "./snapshot-format.ts";
import type { SnapshotDigest, SnapshotTrailer } from "./snapshot-format.ts";
import { StorageError } from "./storage-error.ts";

/** A snapshot about to be written. */
export interface SnapshotInfo {
  /**
   * Every transaction up to this one is in the snapshot; later ones may be, in part. The file is
   * named after it, and recovery replays the log from the next one on.
   */
  readonly lastProcessedZxid: bigint;
  /**
   * The tree's digest at the time of the call, which comes after the last chunk. Without it, or
   * for null, the snapshot says that there is none yet.
   */
  digest?(): SnapshotDigest | null;
}

/** Counters since the start, for metrics. */
export interface SnapshotStats {
  snapshotCount: number;
  lastSnapshotBytes: number;
  lastSnapshotMs: number;
}

const readBytes = 256 * 1024;

/** Written bytes between two syncs of an unfinished snapshot. */
const syncStepBytes = 32 * 1024 * 1024;

const noDigest: SnapshotDigest = { zxid: 0n, version: 2, digest: 0n };

/** The snapshots in one folder. */
export class SnapshotStore {
  readonly stats: SnapshotStats = { snapshotCount: 0, lastSnapshotBytes: 0, lastSnapshotMs: 0 };
  readonly #folder: string;
  readonly #logger: Logger;

  constructor(folder: string, logger: Logger) {
    this.#folder = folder;
    this.#logger = logger;
  }

  /** All snapshots, oldest first, whole or not. */
  async list(): Promise<SnapshotFile[]> {
    return parseSnapshotNames(await namesIn(this.#folder));
  }

  fileOf(snapshot: SnapshotFile): string {
    return path.join(this.#folder, snapshot.name);
  }

  /** Whether a snapshot has an end: says quickly that its writer was not interrupted. */
  async isWhole(snapshot: SnapshotFile): Promise<boolean> {
    const file = this.fileOf(snapshot);
    return withFile(file, async (handle) => {
      const { size } = await handle.stat();
      if (size < snapshotHeaderBytes + snapshotEnding.length) return false;
      const ending = Buffer.alloc(snapshotEnding.length);
      await handle.read(ending, 0, ending.length, size - ending.length);
      return ending.equals(snapshotEnding);
    });
  }

  /**
   * Reads a snapshot into `sink` and checks its checksums.
   * @throws WireError when it is damaged; StorageError when it cannot be read.
   */
  async read(snapshot: SnapshotFile, sink: SnapshotSink): Promise<SnapshotTrailer> {
    return withFile(this.fileOf(snapshot), async (handle) => {
      const decoder = new SnapshotFileDecoder(sink);
      const chunk = Buffer.allocUnsafeSlow(readBytes);
      for (;;) {
        const { bytesRead } = await handle.read(chunk, 0, chunk.length);
        if (bytesRead === 0) return decoder.end();
        decoder.push(chunk.subarray(0, bytesRead));
      }
    });
  }

  /**
   * Writes a snapshot aside and syncs it; `publish` gives it its name. `chunks` are its body.
   * Stops with `cancelled` as soon as `isCancelled` says so.
   */
  async writeAside(
    chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
    info: SnapshotInfo,
    isCancelled: () => boolean,
  ): Promise<void> {
    const startMs = performance.now();
    const file = path.join(this.#folder, unfinishedSnapshotName(info.lastProcessedZxid));
    try {
      const handle = await open(file, "w");
      try {
        this.stats.lastSnapshotBytes = await writeAll(handle, chunks, info, isCancelled);
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      await this.discard(info.lastProcessedZxid);
      throw StorageError.from(error, "write snapshot", file);
    }
    this.stats.snapshotCount += 1;
    this.stats.lastSnapshotMs = performance.now() - startMs;
  }

  /** Gives a snapshot written aside its name, durably. */
  async publish(zxid: bigint): Promise<void> {
    await renameDurably(this.#folder, unfinishedSnapshotName(zxid), snapshotFileName(zxid));
    this.#logger.info("Snapshot written", {
      zxid: formatHex(zxid),
      bytes: this.stats.lastSnapshotBytes,
      durationMs: Math.round(this.stats.lastSnapshotMs),
    });
  }

  /** Drops what an unfinished write left of a snapshot. */
  async discard(zxid: bigint): Promise<void> {
    await removeFile(path.join(this.#folder, unfinishedSnapshotName(zxid)));
  }

  /** Keeps a damaged snapshot for people to look at, under a name that nothing reads. */
  async setAside(snapshot: SnapshotFile): Promise<void> {
    await renameDurably(this.#folder, snapshot.name, damagedSnapshotName(snapshot.zxid));
  }

  /** Removes the snapshots above `zxid`, newest first. */
  async removeAbove(zxid: bigint): Promise<void> {
    const later = (await this.list()).filter((snapshot) => snapshot.zxid > zxid);
    await removeInOrder(this.#folder, later.map((snapshot) => snapshot.name).reverse());
  }

  /**
   * Keeps the newest `count` whole snapshots and removes those that are older than all of them.
   * Returns the zxid of the oldest kept one, or null when fewer than `count` are there.
   */
  async purge(count: number): Promise<{ oldestKept: bigint | null; removedCount: number }> {
    const snapshots = await this.list();
    const kept: SnapshotFile[] = [];
    for (const snapshot of snapshots.toReversed()) {
      if (kept.length === count) break;
      // Compressed ones count for nothing: this version could not start from them.
      if (snapshot.compression === null && (await this.isWhole(snapshot))) kept.push(snapshot);
    }
    const oldestKept = kept.at(-1)?.zxid ?? null;
    if (oldestKept === null || kept.length < count) return { oldestKept: null, removedCount: 0 };
    const damaged = parseDamagedNames(await namesIn(this.#folder));
    const old = [...damaged, ...snapshots].filter((file) => file.zxid < oldestKept);
    for (const { name } of old) await removeFile(path.join(this.#folder, name));
    if (old.length > 0) await syncFolder(this.#folder);
    return { oldestKept, removedCount: old.length };
  }
}

/** Writes header, body and trailer; returns how many bytes. */
async function writeAll(
  handle: FileHandle,
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
  info: SnapshotInfo,
  isCancelled: () => boolean,
): Promise<number> {
  const encoder = new SnapshotFileEncoder();
  await writeFully(handle, encoder.header());
  let bytes = snapshotHeaderBytes;
  let unsynced = 0;
  for await (const chunk of chunks) {
    if (isCancelled()) {
      throw new StorageError("cancelled", "Snapshot given up: its history is being replaced");
    }
    await writeFully(handle, encoder.body(chunk));
    bytes += chunk.length;
    unsynced += chunk.length;
    if (unsynced < syncStepBytes) continue;
    await handle.datasync();
    unsynced = 0;
  }
  const digest = info.digest?.() ?? noDigest;
  const trailer = encoder.trailer(digest, info.lastProcessedZxid);
  await writeFully(handle, trailer);
  return bytes + trailer.length;
}

async function withFile<T>(file: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  let handle: FileHandle;
  try {
    handle = await open(file, "r");
  } catch (error) {
    throw StorageError.from(error, "read", file);
  }
  try {
    return await use(handle);
  } catch (error) {
    if (error instanceof WireError) throw error;
    throw StorageError.from(error, "read", file);
  } finally {
    await handle.close();
  }
}
