/**
 * What a server's storage is told when it is opened, and what it tells in return.
 */
import type { Logger } from "../observe/index.ts";
import type { Epochs } from "./epoch-files.ts";
import type { FileOps } from "./file-ops.ts";
import type { RecoveredHistory } from "./recovery.ts";
import type { SnapshotCompression } from "./snapshot-compression.ts";
import type { SnapshotStats } from "./snapshot-store.ts";
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
  /** The file system that the folders are on. @default the machine's */
  readonly files?: FileOps;
}

/** What `recover` found. */
export interface RecoveredState extends RecoveredHistory, Epochs {}

/** Numbers for metrics; durations in milliseconds, counts since the start. */
export interface StorageStats extends Readonly<TxnLogStats>, Readonly<SnapshotStats> {}
