/**
 * One server's durable state: the transaction log in `<dataLogDir>/version-2`, snapshots and epoch
 * files in `<dataDir>/version-2`, in ZooKeeper's formats. This class orders what would otherwise
 * get into each other's way; the formats and files are in the other files of this folder.
 *
 * Life: `open`, `recover`, then `append` and `sync` for each batch. Whenever `recover` finds no
 * snapshot (`snapshotZxid` is -1), the caller writes one of its initial tree, with zxid 0 or what
 * was recovered, before it appends: a log without a snapshot to start from is refused later.
 * After `truncate` the tree in memory may be ahead of the disk: call `recover` again.
 *
 * `append`, `sync` and `rollLog` go on while a snapshot is written or files are purged. Epochs are
 * saved one after the other, and so do all remaining operations run. `truncate` and
 * `installSnapshot` replace history: they make a snapshot that is being written fail with
 * `cancelled`, and must not overlap with `append`.
 */
import { existsSync } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import path from "node:path";
import { assert } from "../base/index.ts";
import type { Logger } from "../observe/index.ts";
import { formatHex, zxidEpoch } from "../wire/index.ts";
import { namesIn, removeFile, syncFolder } from "./durable-files.ts";
import { recoverEpochs, saveAcceptedEpoch, saveCurrentEpoch } from "./epoch-files.ts";
import type { Epochs } from "./epoch-files.ts";
import { isLeftover, parseLogNames, parseSnapshotNames, versionFolder } from "./file-names.ts";
import { FolderLock } from "./folder-lock.ts";
import { purgeLogs, truncateLogs } from "./log-folder.ts";
import { recoverHistory } from "./recovery.ts";
import type { RecoveredHistory, RecoveryTarget } from "./recovery.ts";
import { SnapshotStore } from "./snapshot-store.ts";
import type { SnapshotCompression } from "./snapshot-compression.ts";
import type { SnapshotInfo, SnapshotStats } from "./snapshot-store.ts";
import { StorageError, isOutOfSpace } from "./storage-error.ts";
import { TxnLog } from "./txn-log.ts";
import type { TxnLogStats } from "./txn-log.ts";

/** Settings of one server's storage. */
export interface StorageOptions {
  /** Folder for snapshots and epochs. */
  readonly dataDir: string;
  /** Folder for the transaction log; may be the same. */
  readonly dataLogDir: string;
  readonly logger: Logger;
  /** Step in which log files are extended; 0 for none. ZooKeeper's default is 64 MiB. */
  readonly preAllocBytes: number;
  /** Snapshots that `purge` keeps, at least 1. */
  readonly snapRetainCount: number;
  /** How snapshots are written; all kinds are read. @default null, uncompressed */
  readonly snapshotCompression?: SnapshotCompression | null;
  /** Whether logs without a snapshot are a whole history (`snapshot.trust.empty`). */
  readonly trustEmpty: boolean;
  /** Whether folders are created when they are missing, `version-2` included. @default true */
  readonly createFolders?: boolean;
  /** Whether `sync` waits for the disk; without it a loss of power loses acknowledged writes. */
  readonly forceSync: boolean;
  /** A log file that has reached this size is followed by a new one. @default 0, no limit */
  readonly txnLogSizeLimitBytes?: number;
  /** A sync of the log that takes longer is logged. @default 1000 */
  readonly fsyncWarningThresholdMs?: number;
}

/** What `recover` found. */
export interface RecoveredState extends RecoveredHistory, Epochs {}

/** Numbers for metrics; durations in milliseconds, counts since the start. */
export interface StorageStats extends Readonly<TxnLogStats>, Readonly<SnapshotStats> {}

const fsyncWarningThresholdMs = 1000;

/** The durable state of one server. */
export class Storage {
  readonly #options: StorageOptions;
  readonly #snapFolder: string;
  readonly #logFolder: string;
  readonly #locks: readonly FolderLock[];
  readonly #snapshots: SnapshotStore;
  readonly #log: TxnLog;
  /** The last appended or recovered transaction; null until `recover`. */
  #lastZxid: bigint | null = null;
  #hasSnapshot = false;
  /** Goes up whenever history is replaced: a snapshot begun before is worthless. */
  #generation = 0;
  /** Ends when the last of the operations that run one after the other has ended. */
  #queue: Promise<void> = Promise.resolve();
  /** The same for the epoch files, which must not wait for a snapshot. */
  #epochQueue: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(options: StorageOptions, locks: readonly FolderLock[]) {
    this.#options = options;
    this.#locks = locks;
    this.#snapFolder = path.join(options.dataDir, versionFolder);
    this.#logFolder = path.join(options.dataLogDir, versionFolder);
    this.#snapshots = new SnapshotStore(
      this.#snapFolder,
      options.snapshotCompression ?? null,
      options.logger,
    );
    this.#log = new TxnLog({
      folder: this.#logFolder,
      logger: options.logger,
      preAllocBytes: options.preAllocBytes,
      forceSync: options.forceSync,
      sizeLimitBytes: options.txnLogSizeLimitBytes ?? 0,
      syncWarningMs: options.fsyncWarningThresholdMs ?? fsyncWarningThresholdMs,
    });
  }

  /**
   * Creates the folders where they are missing, locks them against other servers, and removes what
   * interrupted writes left.
   * @throws StorageError `missing-folder`, `not-writable`, `locked`, `misplaced-files`, `no-space`
   * or `io`.
   */
  static async open(options: StorageOptions): Promise<Storage> {
    assert(options.snapRetainCount >= 1, "At least one snapshot must be kept");
    const dataDir = path.resolve(options.dataDir);
    const dataLogDir = path.resolve(options.dataLogDir);
    const resolved = { ...options, dataDir, dataLogDir };
    const locks: FolderLock[] = [];
    try {
      for (const folder of new Set([dataDir, dataLogDir])) {
        const versioned = path.join(folder, versionFolder);
        if (options.createFolders !== false) await createFolder(versioned);
        else await refuseMissing(versioned);
        locks.push(await FolderLock.take(folder));
      }
      const storage = new Storage(resolved, locks);
      await storage.#checkFolders();
      return storage;
    } catch (error) {
      for (const lock of locks) await lock.release();
      throw error;
    }
  }

  /** Numbers for metrics. */
  get stats(): StorageStats {
    return { ...this.#log.stats, ...this.#snapshots.stats };
  }

  /** Bytes appended and not durable yet. */
  get pendingBytes(): number {
    return this.#log.pendingBytes;
  }

  /** The last transaction appended or recovered, synced or not; null before `recover`. */
  get lastZxid(): bigint | null {
    return this.#lastZxid;
  }

  /** What made the log unusable, or null: the server must stop. */
  get failure(): StorageError | null {
    return this.#log.failure;
  }

  /**
   * Reads the newest good snapshot and the log behind it into `target`, cuts a torn tail off the
   * log, and settles the epoch files. May be called again at any time when nothing is appended.
   * @param recentCount how many of the newest replayed transactions to return.
   * @throws StorageError `corrupt-log`, `corrupt-snapshot`, `missing-snapshot` or
   * `corrupt-epoch`: the server must not start.
   */
  recover(target: RecoveryTarget, recentCount: number): Promise<RecoveredState> {
    return this.#exclusive(async () => {
      await this.#log.finishFile();
      const source = {
        snapshots: this.#snapshots,
        logFolder: this.#logFolder,
        logger: this.#options.logger,
        trustEmpty: this.#options.trustEmpty,
      };
      const history = await recoverHistory(source, target, recentCount);
      const lastEpoch = zxidEpoch(history.lastZxid);
      const epochs = await recoverEpochs(this.#snapFolder, lastEpoch, this.#options.logger);
      this.#lastZxid = history.lastZxid;
      this.#hasSnapshot = history.snapshotZxid >= 0n;
      this.#options.logger.info("Storage recovered", {
        lastZxid: formatHex(history.lastZxid),
        snapshotZxid: formatHex(history.snapshotZxid),
        ...epochs,
      });
      return { ...history, ...epochs };
    });
  }

  /**
   * Gathers a transaction for the next `sync`; copies `payload`, does no I/O.
   * @param zxid the payload's, greater than any before.
   * @throws StorageError when the log has failed.
   */
  append(zxid: bigint, payload: Buffer): void {
    assert(!this.#isClosed, "Nothing is appended to a closed storage");
    assert(this.#lastZxid !== null, "Recover the storage before appending to it");
    assert(this.#hasSnapshot, "Write the initial snapshot before the first transaction");
    assert(zxid > this.#lastZxid, "Transactions are appended in order");
    this.#log.append(zxid, payload);
    this.#lastZxid = zxid;
  }

  /**
   * Makes everything appended so far durable, by one write and one sync of the data; what is
   * appended meanwhile waits for the next call. A call during another one runs after it.
   * @throws StorageError `no-space` when the disk is full: what was not written is kept, and the
   * next call tries again. Any other error is final: nothing may be acknowledged any more, and
   * every later call fails.
   */
  sync(): Promise<void> {
    return this.#log.sync();
  }

  /** The next transaction begins a new log file; worth while when a snapshot is begun. */
  rollLog(): void {
    this.#log.roll();
  }

  /**
   * Removes every transaction after `zxid`, and snapshots that show them, durably.
   * @throws StorageError `missing-snapshot`, with nothing changed, when only snapshots later than
   * `zxid` are there: the server needs a new snapshot from its leader.
   */
  truncate(zxid: bigint): Promise<void> {
    this.#generation += 1;
    return this.#exclusive(async () => {
      await this.#log.finishFile();
      const snapshots = await this.#snapshots.list();
      if (!snapshots.some((snapshot) => snapshot.zxid <= zxid)) {
        const file = this.#snapFolder;
        const message = `Cannot truncate to ${formatHex(zxid)}: no snapshot in '${file}' is so old`;
        throw new StorageError("missing-snapshot", message, { file });
      }
      await this.#snapshots.removeAbove(zxid);
      await truncateLogs(this.#logFolder, zxid, this.#options.logger);
      if (this.#lastZxid !== null && this.#lastZxid > zxid) this.#lastZxid = zxid;
    });
  }

  /** Durably sets `acceptedEpoch`. */
  saveAcceptedEpoch(epoch: number): Promise<void> {
    return this.#saveEpoch(() => saveAcceptedEpoch(this.#snapFolder, epoch));
  }

  /** Durably sets `currentEpoch`. */
  saveCurrentEpoch(epoch: number): Promise<void> {
    return this.#saveEpoch(() => saveCurrentEpoch(this.#snapFolder, epoch));
  }

  /**
   * Writes a snapshot of the caller's own tree, whose body `chunks` yields piece by piece while the
   * tree lives on. The event loop turns between any two pieces.
   * @throws StorageError `cancelled` when `truncate` or `installSnapshot` was called meanwhile.
   */
  writeSnapshot(chunks: Iterable<Buffer>, info: SnapshotInfo): Promise<void> {
    const generation = this.#generation;
    const isCancelled = (): boolean => this.#generation !== generation || this.#isClosed;
    return this.#exclusive(async () => {
      await this.#snapshots.writeAside(chunks, info, isCancelled);
      await this.#publish(info.lastProcessedZxid, isCancelled);
    });
  }

  /**
   * Makes a leader's snapshot this server's state: transactions after it are removed, and the log
   * goes on behind it in a new file. `chunks` are the body; a failing iteration leaves everything
   * as it was.
   */
  installSnapshot(
    chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
    info: SnapshotInfo,
  ): Promise<void> {
    this.#generation += 1;
    const zxid = info.lastProcessedZxid;
    return this.#exclusive(async () => {
      await this.#snapshots.writeAside(chunks, info, () => this.#isClosed);
      await this.#log.finishFile();
      await truncateLogs(this.#logFolder, zxid, this.#options.logger);
      await this.#publish(zxid, () => false);
      // An older history that reached further would win over the new one at the next start.
      await this.#snapshots.removeAbove(zxid);
      this.#lastZxid = zxid;
    });
  }

  /** Removes snapshots beyond the retained ones, and log files that these do not need. */
  purge(): Promise<void> {
    return this.#exclusive(async () => {
      const { oldestKept, removedCount } = await this.#snapshots.purge(
        this.#options.snapRetainCount,
      );
      if (oldestKept === null) return;
      const logCount = await purgeLogs(this.#logFolder, oldestKept);
      if (removedCount + logCount === 0) return;
      this.#options.logger.info("Old files purged", { snapshots: removedCount, logs: logCount });
    });
  }

  /** Syncs what is pending, waits for what is under way, and unlocks the folders. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.all([this.#queue, this.#epochQueue]);
    try {
      if (this.#log.failure === null) await this.#log.finishFile();
    } catch (error) {
      // What the disk has no space for was never durable, and so promised to nobody.
      if (!isOutOfSpace(error)) throw error;
      const bytes = this.#log.pendingBytes;
      this.#options.logger.warn("Closed on a full disk: the last writes are dropped", { bytes });
    } finally {
      this.#log.abandon();
      for (const lock of this.#locks) await lock.release();
    }
  }

  /** Runs `operation` after those before it. */
  #exclusive<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new StorageError("closed", "Storage is closed"));
    const result = this.#queue.then(operation);
    this.#queue = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  #saveEpoch(save: () => Promise<void>): Promise<void> {
    if (this.#isClosed) return Promise.reject(new StorageError("closed", "Storage is closed"));
    const result = this.#epochQueue.then(save);
    this.#epochQueue = result.catch(() => undefined);
    return result;
  }

  async #publish(zxid: bigint, isCancelled: () => boolean): Promise<void> {
    if (isCancelled()) {
      await this.#snapshots.discard(zxid);
      throw new StorageError("cancelled", "Snapshot given up: its history is being replaced");
    }
    await this.#snapshots.publish(zxid);
    this.#hasSnapshot = true;
  }

  async #checkFolders(): Promise<void> {
    const { dataDir, dataLogDir } = this.#options;
    const snapNames = await namesIn(this.#snapFolder);
    if (dataDir !== dataLogDir) {
      const logNames = await namesIn(this.#logFolder);
      refuseMisplaced(this.#snapFolder, "logs", parseLogNames(snapNames).length);
      refuseMisplaced(this.#logFolder, "snapshots", parseSnapshotNames(logNames).length);
    }
    const leftovers = snapNames.filter(isLeftover);
    for (const name of leftovers) await removeFile(path.join(this.#snapFolder, name));
    if (leftovers.length > 0) await syncFolder(this.#snapFolder);
  }
}

function refuseMisplaced(folder: string, what: string, count: number): void {
  if (count === 0) return;
  throw new StorageError(
    "misplaced-files",
    `Cannot use '${folder}': it holds ${what}, which belong to the other one of dataDir and ` +
      "dataLogDir; move them there",
    { file: folder },
  );
}

async function refuseMissing(folder: string): Promise<void> {
  try {
    await access(folder);
  } catch (error) {
    const message = `Cannot use '${folder}': it is missing, and 'datadir.autocreate' is false`;
    throw new StorageError("missing-folder", message, { file: folder, cause: error });
  }
}

/** Creates a folder and those above it, and makes their names durable. */
async function createFolder(folder: string): Promise<void> {
  // Not Node's recursive mkdir: it never ends below a folder that takes no new ones, as /proc.
  if (existsSync(folder)) return;
  const parent = path.dirname(folder);
  if (parent !== folder) await createFolder(parent);
  try {
    await mkdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
    throw StorageError.from(error, "create folder", folder);
  }
  await syncFolder(parent);
}
