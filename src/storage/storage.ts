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
import { assert } from "../base/index.ts";
import { formatHex, zxidEpoch } from "../wire/index.ts";
import type { VolumeRecord } from "../wire/index.ts";
import { openDataFolders } from "./data-folders.ts";
import type { DataFolders } from "./data-folders.ts";
import { readActiveConfig, saveActiveConfig } from "./config-file.ts";
import { recoverEpochs, saveAcceptedEpoch, saveCurrentEpoch } from "./epoch-files.ts";
import { LogHistory } from "./log-history.ts";
import { indexOfFileWith, listLogs, truncateLogs } from "./log-folder.ts";
import { Quarantine } from "./quarantine.ts";
import { recoverHistory } from "./recovery.ts";
import type { RecoveryTarget } from "./recovery.ts";
import { SnapshotStore } from "./snapshot-store.ts";
import type { SnapshotInfo } from "./snapshot-store.ts";
import { StorageError, isOutOfSpace } from "./storage-error.ts";
import type { RecoveredState, StorageOptions, StorageStats } from "./storage-options.ts";
import { TxnLog } from "./txn-log.ts";
import { readVolumeRecord, saveVolumeRecord } from "./volume-file.ts";

const fsyncWarningThresholdMs = 1000;

/** The durable state of one server. */
export class Storage {
  readonly #options: StorageOptions;
  readonly #folders: DataFolders;
  readonly #snapshots: SnapshotStore;
  readonly #log: TxnLog;
  readonly #quarantine: Quarantine;
  /** The last appended or recovered transaction; null until `recover`. */
  #lastZxid: bigint | null = null;
  #hasSnapshot = false;
  /** Above it the log holds the whole history, and nothing else. */
  #logFloor = 0n;
  /** From where on the log is being read. */
  readonly #logHolds = new Set<{ readonly zxid: bigint }>();
  /** Goes up whenever history is replaced: a snapshot begun before is worthless. */
  #generation = 0;
  /** Ends when the last of the operations that run one after the other has ended. */
  #queue: Promise<void> = Promise.resolve();
  /** The same for the epoch files, which must not wait for a snapshot. */
  #epochQueue: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(options: StorageOptions, folders: DataFolders) {
    this.#options = options;
    this.#folders = folders;
    this.#quarantine = new Quarantine(folders, options.logger);
    this.#snapshots = new SnapshotStore(
      folders.snapshots,
      options.snapshotCompression ?? null,
      options.logger,
    );
    this.#log = new TxnLog({
      folder: folders.logs,
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
    return new Storage(options, await openDataFolders(options));
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
   * Whether a damaged history was moved aside, and no leader has given this server another one
   * since: it has lost what it acknowledged, and must not vote.
   */
  get isQuarantined(): boolean {
    return this.#quarantine.isMarked;
  }

  /** How many damaged histories were moved aside and are still there; 0 before `recover`. */
  get quarantineCount(): number {
    return this.#quarantine.count;
  }

  /**
   * Moves the whole history aside because of `damage`, after a failed `recover`; the next one finds
   * nothing. From then on `isQuarantined`, over restarts, until a current epoch is saved.
   */
  quarantine(damage: StorageError): Promise<void> {
    assert(this.#lastZxid === null, "Only what cannot be recovered is moved aside");
    return this.#exclusive(() => this.#quarantine.begin(damage));
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
      if (this.#lastZxid === null) await this.#quarantine.resume();
      await this.#finishInstall();
      const source = {
        snapshots: this.#snapshots,
        logFolder: this.#folders.logs,
        logger: this.#options.logger,
        trustEmpty: this.#options.trustEmpty,
      };
      const history = await recoverHistory(source, target, recentCount);
      const lastEpoch = zxidEpoch(history.lastZxid);
      const epochs = await recoverEpochs(this.#folders.snapshots, lastEpoch, this.#options.logger);
      this.#lastZxid = history.lastZxid;
      this.#hasSnapshot = history.snapshotZxid >= 0n;
      this.#logFloor = history.logFloor;
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
        const file = this.#folders.snapshots.path;
        const message = `Cannot truncate to ${formatHex(zxid)}: no snapshot in '${file}' is so old`;
        throw new StorageError("missing-snapshot", message, { file });
      }
      await this.#snapshots.removeAbove(zxid);
      await truncateLogs(this.#folders.logs, zxid, this.#options.logger);
      if (this.#lastZxid !== null && this.#lastZxid > zxid) this.#lastZxid = zxid;
    });
  }

  /** Durably sets `acceptedEpoch`. */
  saveAcceptedEpoch(epoch: number): Promise<void> {
    return this.#saveEpoch(() => saveAcceptedEpoch(this.#folders.snapshots, epoch));
  }

  /** Durably sets `currentEpoch`, for whose initial history is on the disk. */
  saveCurrentEpoch(epoch: number): Promise<void> {
    return this.#saveEpoch(async () => {
      await saveCurrentEpoch(this.#folders.snapshots, epoch);
      await this.#quarantine.end();
    });
  }

  /**
   * What the disk says of itself; null when it says nothing.
   * @throws StorageError `corrupt-volume` when it cannot be made out.
   */
  readVolume(): Promise<VolumeRecord | null> {
    return readVolumeRecord(this.#folders.snapshots);
  }

  /** Durably replaces what the disk says of itself. */
  saveVolume(record: VolumeRecord): Promise<void> {
    return this.#saveEpoch(() => saveVolumeRecord(this.#folders.snapshots, record));
  }

  /** The configuration that `saveActiveConfig` was given last; null before the first time. */
  readActiveConfig(): Promise<string | null> {
    return readActiveConfig(this.#folders.snapshots);
  }

  /** Durably sets which configuration is in force. */
  saveActiveConfig(text: string): Promise<void> {
    return this.#saveEpoch(() => saveActiveConfig(this.#folders.snapshots, text));
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
   * as it was. After a crash the disk has either all that it had before or the snapshot.
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
      await this.#snapshots.decideInstall(zxid);
      await this.#finishInstall();
      this.#hasSnapshot = true;
      this.#lastZxid = zxid;
      // What the log has kept may be the end of the history that was replaced.
      this.#logFloor = zxid;
    });
  }

  /**
   * The history as the log shows it, from the newest transaction up to `zxid` on; null when the log
   * does not reach back so far. Log files are kept for it until it is closed.
   * @throws StorageError
   */
  openHistory(zxid: bigint): Promise<LogHistory | null> {
    const generation = this.#generation;
    const hold = { zxid };
    this.#logHolds.add(hold);
    const source = {
      folder: this.#folders.logs,
      endOf: (file: string): number | null => this.#log.endOf(file),
      floor: this.#logFloor,
      isReplaced: (): boolean => this.#generation !== generation,
      closed: (): void => void this.#logHolds.delete(hold),
    };
    return LogHistory.open(source, zxid);
  }

  /** Removes snapshots beyond the retained ones, and log files that nobody needs any more. */
  purge(): Promise<void> {
    return this.#exclusive(async () => {
      const { oldestKept, removedCount } = await this.#snapshots.purge(
        this.#options.snapRetainCount,
      );
      if (oldestKept === null) return;
      const logCount = await this.#purgeLogs(oldestKept);
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
      await this.#log.abandon();
      await this.#folders.unlock();
    }
  }

  /**
   * Removes the log files that hold only transactions up to `oldestKept` and that nobody reads.
   * From then on the log's history begins with the first file that is left: what precedes that is
   * not to be seen, since the last transactions of an epoch have no mark.
   */
  async #purgeLogs(oldestKept: bigint): Promise<number> {
    const files = await listLogs(this.#folders.logs);
    // Nothing waits from here to the new floor: whoever opens the history goes by it, or is held.
    const held = [...this.#logHolds].map(({ zxid }) => zxid);
    const needed = held.reduce((low, zxid) => (zxid < low ? zxid : low), oldestKept);
    const old = files.slice(0, indexOfFileWith(files, needed)).map((file) => file.name);
    const first = files[old.length];
    if (old.length === 0 || first === undefined) return 0;
    if (first.zxid > this.#logFloor) this.#logFloor = first.zxid - 1n;
    await this.#folders.logs.removeInOrder(old);
    return old.length;
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

  /** Does what is left to do to replace the history by a snapshot, if that was decided. */
  async #finishInstall(): Promise<void> {
    const installed = await this.#snapshots.decidedInstall();
    if (installed === null) return;
    await truncateLogs(this.#folders.logs, installed.zxid, this.#options.logger);
    await this.#snapshots.publishInstalled(installed);
  }

  async #publish(zxid: bigint, isCancelled: () => boolean): Promise<void> {
    if (isCancelled()) {
      await this.#snapshots.discard(zxid);
      throw new StorageError("cancelled", "Snapshot given up: its history is being replaced");
    }
    await this.#snapshots.publish(zxid);
    this.#hasSnapshot = true;
  }
}
