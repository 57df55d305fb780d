/**
 * The snapshots of a folder: lists them, reads one into a sink, writes one, drops old ones. Format:
 * `snapshot-format.ts`; compressed ones: `snapshot-compression.ts`. A snapshot is written under a
 * name that nobody reads, synced, and renamed, so that under its own name it is always whole.
 * Writing is sliced: one chunk is encoded, summed and handed to the file system per turn of the
 * event loop, and the file is synced as it grows, lest one large sync at the end hold up those of
 * the log.
 */
import { pipeline } from "node:stream/promises";
import { Summary } from "../observe/index.ts";
import type { Logger } from "../observe/index.ts";
import { WireError, formatHex } from "../wire/index.ts";
import type { SnapshotSink } from "../wire/index.ts";
import {
  compressionOf,
  damagedSnapshotName,
  installedSnapshotName,
  parseDamagedNames,
  parseInstalledNames,
  parseSnapshotNames,
  snapshotFileName,
  unfinishedSnapshotName,
} from "./file-names.ts";
import type { SnapshotFile } from "./file-names.ts";
import type { FileOps, OpenedFile } from "./file-ops.ts";
import { readFile, syncFile, useFile, writeFully } from "./folder.ts";
import type { Folder } from "./folder.ts";
import { nodeFiles } from "./node-files.ts";
import { compressionDamage, compressor, decompressor } from "./snapshot-compression.ts";
import type { SnapshotCompression } from "./snapshot-compression.ts";
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
  /** Size of the file. */
  lastSnapshotBytes: number;
  lastSnapshotMs: number;
  /** All that were written, in ms. */
  readonly snapshotMs: Summary;
}

const readBytes = 256 * 1024;

/** Written bytes between two syncs of an unfinished snapshot. */
const syncStepBytes = 32 * 1024 * 1024;

const noDigest: SnapshotDigest = { zxid: 0n, version: 2, digest: 0n };

/** The snapshots in one folder. */
export class SnapshotStore {
  readonly stats: SnapshotStats = {
    snapshotCount: 0,
    lastSnapshotBytes: 0,
    lastSnapshotMs: 0,
    snapshotMs: new Summary(),
  };
  readonly #folder: Folder;
  readonly #compression: SnapshotCompression | null;
  readonly #logger: Logger;
  /** Compressed snapshots that were found whole: finding out takes reading them to the end. */
  readonly #knownWhole = new Set<string>();

  /** @param compression how new snapshots are written. */
  constructor(folder: Folder, compression: SnapshotCompression | null, logger: Logger) {
    this.#folder = folder;
    this.#compression = compression;
    this.#logger = logger;
  }

  /** All snapshots, oldest first, whole or not. */
  async list(): Promise<SnapshotFile[]> {
    return parseSnapshotNames(await this.#folder.names());
  }

  fileOf(snapshot: SnapshotFile): string {
    return this.#folder.fileOf(snapshot.name);
  }

  /** Whether a snapshot has an end: says that its writer was not interrupted. */
  async isWhole(snapshot: SnapshotFile): Promise<boolean> {
    const file = this.fileOf(snapshot);
    if (snapshot.compression !== null) {
      if (this.#knownWhole.has(snapshot.name)) return true;
      const isWhole = await hasEnding(this.#folder.files, file);
      if (isWhole) this.#knownWhole.add(snapshot.name);
      return isWhole;
    }
    return readFile(this.#folder.files, file, async (opened) => {
      const size = await opened.size();
      if (size < snapshotHeaderBytes + snapshotEnding.length) return false;
      const ending = Buffer.alloc(snapshotEnding.length);
      await opened.read(ending, size - ending.length);
      return ending.equals(snapshotEnding);
    });
  }

  /**
   * Reads a snapshot into `sink` and checks its checksums.
   * @throws WireError when it is damaged; StorageError when it cannot be read.
   */
  async read(snapshot: SnapshotFile, sink: SnapshotSink): Promise<SnapshotTrailer> {
    const trailer = await readSnapshotFile(this.fileOf(snapshot), sink, this.#folder.files);
    this.#knownWhole.add(snapshot.name);
    return trailer;
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
    const { files } = this.#folder;
    const file = this.#folder.fileOf(unfinishedSnapshotName(info.lastProcessedZxid));
    const how = { file, mode: "replace", doing: "write snapshot" } as const;
    try {
      await useFile(files, how, async (opened) => {
        const bytes = encodeAll(chunks, info, isCancelled);
        const written = { file, bytes: 0 };
        await pipeline(bytes, compressor(this.#compression), writeTo(opened, written));
        this.stats.lastSnapshotBytes = written.bytes;
        await syncFile(opened, file);
      });
    } catch (error) {
      await this.discard(info.lastProcessedZxid);
      throw error;
    }
    this.stats.snapshotCount += 1;
    this.stats.lastSnapshotMs = performance.now() - startMs;
    this.stats.snapshotMs.add(this.stats.lastSnapshotMs);
  }

  /** Gives a snapshot written aside its name, durably. */
  publish(zxid: bigint): Promise<void> {
    const file = { name: unfinishedSnapshotName(zxid), zxid, compression: this.#compression };
    return this.#publishAs(file);
  }

  /** Decides that a snapshot written aside replaces the history that is there, durably. */
  async decideInstall(zxid: bigint): Promise<void> {
    const name = installedSnapshotName(zxid, this.#compression);
    await this.#folder.rename(unfinishedSnapshotName(zxid), name);
  }

  /** The snapshot that was decided to replace the history, until it has; null without one. */
  async decidedInstall(): Promise<SnapshotFile | null> {
    return parseInstalledNames(await this.#folder.names()).at(-1) ?? null;
  }

  /** Makes a snapshot that was decided to replace the history the newest one. */
  async publishInstalled(installed: SnapshotFile): Promise<void> {
    // An older history that reached further would win over the new one at the next start.
    await this.removeAbove(installed.zxid);
    await this.#publishAs(installed);
  }

  async #publishAs({ name: present, zxid, compression }: SnapshotFile): Promise<void> {
    const name = snapshotFileName(zxid, compression);
    await this.#folder.rename(present, name);
    this.#knownWhole.add(name);
    // One that is compressed otherwise would count as another of those to keep.
    const same = (await this.list()).filter((file) => file.zxid === zxid && file.name !== name);
    for (const file of same) await this.#folder.remove(file.name);
    this.#logger.info("Snapshot written", {
      zxid: formatHex(zxid),
      bytes: this.stats.lastSnapshotBytes,
      durationMs: Math.round(this.stats.lastSnapshotMs),
    });
  }

  /** Drops what an unfinished write left of a snapshot. */
  async discard(zxid: bigint): Promise<void> {
    await this.#folder.remove(unfinishedSnapshotName(zxid));
  }

  /** Keeps a damaged snapshot for people to look at, under a name that nothing reads. */
  async setAside(snapshot: SnapshotFile): Promise<void> {
    await this.#folder.rename(snapshot.name, damagedSnapshotName(snapshot));
  }

  /** Removes the snapshots above `zxid`, newest first. */
  async removeAbove(zxid: bigint): Promise<void> {
    const later = (await this.list()).filter((snapshot) => snapshot.zxid > zxid);
    await this.#folder.removeInOrder(later.map((snapshot) => snapshot.name).reverse());
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
      if (await this.isWhole(snapshot)) kept.push(snapshot);
    }
    const oldestKept = kept.at(-1)?.zxid ?? null;
    if (oldestKept === null || kept.length < count) return { oldestKept: null, removedCount: 0 };
    const damaged = parseDamagedNames(await this.#folder.names());
    const old = [...damaged, ...snapshots].filter((file) => file.zxid < oldestKept);
    for (const { name } of old) await this.#folder.remove(name);
    if (old.length > 0) await this.#folder.sync();
    return { oldestKept, removedCount: old.length };
  }
}

/**
 * Reads a snapshot file, compressed as its name says, into `sink` and checks its checksums.
 * @throws WireError when it is damaged; StorageError when it cannot be read.
 */
export async function readSnapshotFile(
  file: string,
  sink: SnapshotSink,
  files: FileOps = nodeFiles,
): Promise<SnapshotTrailer> {
  const decoder = new SnapshotFileDecoder(sink);
  await forEachChunk(files, file, (chunk) => {
    decoder.push(chunk);
  });
  return decoder.end();
}

/** Whether a compressed snapshot can be restored, and ends as one does. */
async function hasEnding(files: FileOps, file: string): Promise<boolean> {
  let ending: Buffer = Buffer.alloc(0);
  try {
    await forEachChunk(files, file, (chunk) => {
      const tail = chunk.subarray(-snapshotEnding.length);
      ending = Buffer.concat([ending, tail]).subarray(-snapshotEnding.length);
    });
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
  return ending.equals(snapshotEnding);
}

/** Gives `take` the bytes of a snapshot without their compression; each only during the call. */
async function forEachChunk(
  files: FileOps,
  file: string,
  take: (chunk: Buffer) => void,
): Promise<void> {
  const compression = compressionOf(file);
  try {
    await readFile(files, file, (opened) =>
      pipeline(
        readAll(opened, compression !== null),
        decompressor(compression),
        async (chunks: AsyncIterable<Buffer>) => {
          for await (const chunk of chunks) take(chunk);
        },
      ),
    );
  } catch (error) {
    const cause = error instanceof StorageError ? error.cause : error;
    throw compressionDamage(cause) ?? error;
  }
}

/** A file's bytes; without `isKept` each chunk is overwritten by the next one. */
async function* readAll(opened: OpenedFile, isKept: boolean): AsyncGenerator<Buffer> {
  let chunk = Buffer.allocUnsafeSlow(readBytes);
  for (let position = 0; ;) {
    const bytesRead = await opened.read(chunk, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield chunk.subarray(0, bytesRead);
    if (isKept) chunk = Buffer.allocUnsafeSlow(readBytes);
  }
}

/** A snapshot's bytes: header, body and trailer. */
async function* encodeAll(
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
  info: SnapshotInfo,
  isCancelled: () => boolean,
): AsyncGenerator<Buffer> {
  const encoder = new SnapshotFileEncoder();
  yield encoder.header();
  for await (const chunk of chunks) {
    if (isCancelled()) {
      throw new StorageError("cancelled", "Snapshot given up: its history is being replaced");
    }
    yield encoder.body(chunk);
  }
  yield encoder.trailer(info.digest?.() ?? noDigest, info.lastProcessedZxid);
}

/** The end of a pipeline: writes to a file, syncs it as it grows, and counts the bytes. */
function writeTo(opened: OpenedFile, written: { readonly file: string; bytes: number }) {
  return async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    let unsynced = 0;
    for await (const chunk of chunks) {
      written.bytes = await writeFully(opened, chunk, written.bytes);
      unsynced += chunk.length;
      if (unsynced < syncStepBytes) continue;
      await syncFile(opened, written.file);
      unsynced = 0;
    }
  };
}
