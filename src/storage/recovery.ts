/**
 * Brings a server's state back from its folders: the newest good snapshot, then the transactions
 * that the log holds behind it. Every transaction from the snapshot to the end of the log must be
 * there, and in order: recovery refuses a folder rather than skip a part of its history.
 *
 * A torn tail (`log-damage-format.ts`) was never acknowledged. In the newest file it is cut off; in
 * an older one, where ZooKeeper leaves it, reading goes on with the next file, which must continue
 * without a gap.
 *
 * When the newest snapshot is damaged, an older one will do only if the log holds the very
 * transaction that the damaged one was taken at. A snapshot that came from a leader replaced a
 * history which the older files may still show: then the log does not hold that transaction.
 */
import { assert } from "../base/index.ts";
import type { Logger } from "../observe/index.ts";
import { WireError, formatHex } from "../wire/index.ts";
import type { SnapshotSink } from "../wire/index.ts";
import type { NamedFile, SnapshotFile } from "./file-names.ts";
import type { Folder } from "./folder.ts";
import { scanLogFile } from "./log-file-reader.ts";
import type { LogScan } from "./log-file-reader.ts";
import { indexOfFileWith, isNextZxid, listLogs } from "./log-folder.ts";
import type { SnapshotDigest } from "./snapshot-format.ts";
import type { SnapshotStore } from "./snapshot-store.ts";
import { StorageError } from "./storage-error.ts";

/** Takes in the recovered state. */
export interface RecoveryTarget {
  /**
   * Starts from nothing. Called again, for an older snapshot, when one turns out to be damaged;
   * what its sink got until then must be forgotten. `finish` follows when the snapshot was good;
   * `digest` is the one that it carried.
   */
  beginSnapshot(): {
    sink: SnapshotSink;
    finish(lastProcessedZxid: bigint, digest: SnapshotDigest | null): void;
  };
  /**
   * Applies a logged transaction. The snapshot may have its effects already. `payload` is the
   * target's own.
   */
  replay(payload: Buffer): void;
}

/** A transaction as it is logged. */
export interface LoggedTxn {
  readonly zxid: bigint;
  readonly payload: Buffer;
}

/** What the snapshot and the log amount to. */
export interface RecoveredHistory {
  /** The last transaction; 0 in an empty folder. */
  readonly lastZxid: bigint;
  /** The newest replayed transactions, oldest first. */
  readonly recent: LoggedTxn[];
  /** The snapshot that was used; -1 when there is none. */
  readonly snapshotZxid: bigint;
  /**
   * Above it the log holds the whole history, and nothing else. What it shows below may be another
   * one, which a snapshot from a leader replaced.
   */
  readonly logFloor: bigint;
}

/** Where to recover from, and how. */
export interface RecoverySource {
  readonly snapshots: SnapshotStore;
  readonly logFolder: Folder;
  readonly logger: Logger;
  /** Whether a log without any snapshot is taken as a whole history. */
  readonly trustEmpty: boolean;
  /** Whether the folders stay as they are: no torn tail is cut, no damaged file set aside. */
  readonly isReadOnly?: boolean;
}

/** @throws StorageError when the folders do not hold a whole history. */
export async function recoverHistory(
  source: RecoverySource,
  target: RecoveryTarget,
  recentCount: number,
): Promise<RecoveredHistory> {
  const start = await loadSnapshot(source, target);
  const files = await listLogs(source.logFolder);
  const replay = new Replay(source, target, { start, recentCount });
  const from = indexOfFileWith(files, start.zxid + 1n);
  let tail: { name: string; scan: LogScan } | null = null;
  const empty: NamedFile[] = [];
  for (const named of files.slice(from)) {
    const file = source.logFolder.fileOf(named.name);
    const scan = await replay.file(file);
    if (scan.torn !== null) {
      const { endOffset: offset, torn: reason } = scan;
      source.logger.warn("Torn tail of a transaction log", { file, offset, reason });
    }
    if (scan.recordCount === 0) {
      empty.push(named);
      continue;
    }
    empty.length = 0;
    tail = { name: named.name, scan };
  }
  checkDamaged(source, start, replay);
  const history = {
    lastZxid: replay.lastZxid,
    recent: replay.recent(),
    snapshotZxid: start.zxid,
    logFloor: replay.floor,
  };
  if (source.isReadOnly === true) return history;
  for (const snapshot of start.damaged) await source.snapshots.setAside(snapshot);
  // The next transaction names its file: none without records may have that name already.
  await source.logFolder.removeInOrder(empty.map((file) => file.name).reverse());
  if (tail !== null && tail.scan.torn !== null) {
    await source.logFolder.cut(tail.name, tail.scan.endOffset);
  }
  return history;
}

/** The snapshot that recovery starts from. */
interface Start {
  /** -1 without a snapshot. */
  readonly zxid: bigint;
  /** Newer snapshots that are damaged. */
  readonly damaged: readonly SnapshotFile[];
}

async function loadSnapshot(source: RecoverySource, target: RecoveryTarget): Promise<Start> {
  const { snapshots, logger } = source;
  const damaged: SnapshotFile[] = [];
  let lastReason = "";
  const all = await snapshots.list();
  for (const snapshot of all.toReversed()) {
    const file = snapshots.fileOf(snapshot);
    const reason = await tryLoad(snapshots, snapshot, target);
    if (reason === null) {
      logger.info("Snapshot loaded", { file });
      return { zxid: snapshot.zxid, damaged };
    }
    logger.warn("Snapshot skipped", { file, reason });
    lastReason = reason;
    damaged.push(snapshot);
  }
  const newest = damaged[0];
  if (newest === undefined) return { zxid: -1n, damaged };
  const file = snapshots.fileOf(newest);
  throw new StorageError(
    "corrupt-snapshot",
    `Cannot recover: none of ${all.length} snapshots can be read, the newest is '${file}', ` +
      `and the oldest failed with: ${lastReason}`,
    { file },
  );
}

/** Loads one snapshot; returns null, or why it cannot be used. */
async function tryLoad(
  snapshots: SnapshotStore,
  snapshot: SnapshotFile,
  target: RecoveryTarget,
): Promise<string | null> {
  // Without an end it is not worth reading; of a compressed one, reading alone can tell.
  if (snapshot.compression === null && !(await snapshots.isWhole(snapshot))) {
    return "it was never finished";
  }
  const loading = target.beginSnapshot();
  try {
    const { digest } = await snapshots.read(snapshot, loading.sink);
    loading.finish(snapshot.zxid, digest);
    return null;
  } catch (error) {
    if (error instanceof WireError) return error.message;
    throw error;
  }
}

/** Makes sure that the snapshot used leads to the damaged ones. */
function checkDamaged({ snapshots }: RecoverySource, start: Start, replay: Replay): void {
  const missing = start.damaged.find((snapshot) => !replay.sawDamaged(snapshot.zxid));
  if (missing !== undefined) {
    const file = snapshots.fileOf(missing);
    throw new StorageError(
      "corrupt-snapshot",
      `Cannot recover: snapshot '${file}' cannot be read, and the log does not prove that an ` +
        `older one leads to it, as it lacks transaction ${formatHex(missing.zxid)}`,
      { file },
    );
  }
}

/** Replays file after file and checks that nothing is missing between them. */
class Replay {
  lastZxid: bigint;
  /** Goes up to what follows a gap. */
  floor: bigint;
  readonly #source: RecoverySource;
  readonly #target: RecoveryTarget;
  readonly #start: Start;
  readonly #recentCount: number;
  /** The newest transactions, in a ring once there are `#recentCount`. */
  readonly #ring: LoggedTxn[] = [];
  #replayedCount = 0;
  readonly #seenDamaged = new Set<bigint>();

  constructor(
    source: RecoverySource,
    target: RecoveryTarget,
    { start, recentCount }: { start: Start; recentCount: number },
  ) {
    this.#source = source;
    this.#target = target;
    this.#start = start;
    this.#recentCount = recentCount;
    this.lastZxid = start.zxid < 0n ? 0n : start.zxid;
    this.floor = this.lastZxid;
  }

  async file(file: string): Promise<LogScan> {
    let isFirst = true;
    return scanLogFile(this.#source.logFolder.files, file, (zxid, payload, end) => {
      this.#checkStart();
      if (zxid <= this.lastZxid) {
        if (zxid > this.#start.zxid) this.#warn("Repeated transaction skipped", file, zxid);
        return true;
      }
      this.#checkContinuity(file, { zxid, offset: end, isFirst });
      isFirst = false;
      this.#take(zxid, Buffer.from(payload));
      return true;
    });
  }

  /** Whether the transaction of a damaged snapshot was replayed. */
  sawDamaged(zxid: bigint): boolean {
    return this.#seenDamaged.has(zxid);
  }

  /** The newest transactions, oldest first. */
  recent(): LoggedTxn[] {
    if (this.#ring.length < this.#recentCount) return this.#ring;
    const split = this.#replayedCount % this.#recentCount;
    return [...this.#ring.slice(split), ...this.#ring.slice(0, split)];
  }

  /** Nothing may be replayed onto a tree that starts from nothing by accident. */
  #checkStart(): void {
    if (this.#start.zxid >= 0n || this.#source.trustEmpty) return;
    const file = this.#source.logFolder.path;
    throw new StorageError(
      "missing-snapshot",
      `Cannot recover: transaction logs in '${file}', but no snapshot to start from; ` +
        "set 'snapshot.trust.empty' if the logs are known to be complete",
      { file },
    );
  }

  #take(zxid: bigint, payload: Buffer): void {
    assert(zxid > this.lastZxid, "Transactions are replayed in order");
    this.lastZxid = zxid;
    if (this.#start.damaged.some((snapshot) => snapshot.zxid === zxid)) this.#seenDamaged.add(zxid);
    this.#target.replay(payload);
    if (this.#recentCount > 0) {
      this.#ring[this.#replayedCount % this.#recentCount] = { zxid, payload };
    }
    this.#replayedCount += 1;
  }

  #checkContinuity(file: string, at: { zxid: bigint; offset: number; isFirst: boolean }): void {
    const previous = this.lastZxid;
    if (isNextZxid(previous, at.zxid)) return;
    this.floor = at.zxid;
    const isStart = this.#replayedCount === 0;
    if (isStart && this.#start.zxid < 0n) return;
    // A gap inside a file was there when the file was written: old versions of ZooKeeper leave
    // some. At a file's start it means that something was lost afterwards.
    if (!isStart && !at.isFirst) {
      this.#warn("Gap in a transaction log", file, at.zxid);
      return;
    }
    throw new StorageError(
      "corrupt-log",
      `Cannot recover: transactions between ${formatHex(previous)} and ${formatHex(at.zxid)} ` +
        `are missing before '${file}'`,
      { file, offset: 0 },
    );
  }

  #warn(message: string, file: string, zxid: bigint): void {
    this.#source.logger.warn(message, {
      file,
      zxid: formatHex(zxid),
      after: formatHex(this.lastZxid),
    });
  }
}
