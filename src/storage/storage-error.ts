/**
 * The one error class of the disk. Each code is a condition that somebody acts on differently:
 * a human who must look at a file, an operator that must make room, a peer that must be synced
 * anew. Failures of the file system keep the original error as `cause`. What is our own bug is an
 * assertion instead.
 */

/**
 * - `corrupt-log`, `corrupt-snapshot`, `corrupt-epoch`, `corrupt-volume`: a file contradicts its
 *   format or its neighbours; the server must not start on it.
 * - `missing-snapshot`: the log is there, the snapshot that it builds on is not.
 * - `wrong-ensemble`: the data belongs to another ensemble than the server.
 * - `missing-folder`: a data folder is not there, and must not be created.
 * - `misplaced-files`: log files lie where snapshots belong, or the reverse.
 * - `locked`: another running server has the folder.
 * - `no-space`: the disk or the quota is full; the same may succeed later.
 * - `not-writable`, `io`: the file system refused.
 * - `sync-failed`: what was written may or may not be on the disk; the process must start again.
 * - `failed`: an earlier failure made this storage unusable; the process must start again.
 * - `cancelled`: a snapshot was given up because the history it shows is being replaced.
 * - `closed`: used after `close()`.
 */
export type StorageErrorCode =
  | "corrupt-log"
  | "corrupt-snapshot"
  | "corrupt-epoch"
  | "corrupt-volume"
  | "wrong-ensemble"
  | "missing-snapshot"
  | "missing-folder"
  | "misplaced-files"
  | "locked"
  | "not-writable"
  | "no-space"
  | "io"
  | "sync-failed"
  | "failed"
  | "cancelled"
  | "closed";

const exitCodes: Partial<Record<StorageErrorCode, number>> = {
  io: 74,
  "sync-failed": 74,
  "wrong-ensemble": 65,
};

/** Where it happened and why. */
export interface StorageErrorDetails {
  /** Absolute path of the file or folder. */
  readonly file?: string;
  /** Byte offset in `file`. */
  readonly offset?: number;
  readonly cause?: unknown;
}

/** The durable state could not be read or written. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: StorageErrorCode;
  /**
   * What a process that ends with this error exits with: 74 (EX_IOERR) when the disk failed, 65
   * (EX_DATAERR) when the data is of another ensemble.
   */
  readonly exitCode: number;
  readonly file: string | undefined;
  readonly offset: number | undefined;

  constructor(code: StorageErrorCode, message: string, details: StorageErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.exitCode = exitCodes[code] ?? 1;
    this.file = details.file;
    this.offset = details.offset;
  }

  /**
   * The error for a failed file operation: `doing` completes "Cannot …", for example "write to".
   * An error that is a `StorageError` already is returned as it is.
   */
  static from(error: unknown, doing: string, file: string): StorageError {
    if (error instanceof StorageError) return error;
    const code = codeOf(error);
    const reason = error instanceof Error ? error.message : String(error);
    return new StorageError(code, `Cannot ${doing} '${file}': ${reason}`, { file, cause: error });
  }

  /**
   * The error for a failed sync. Whatever the reason, the sync is not to be tried again: the
   * system may have dropped the bytes, and a second sync may succeed without them.
   */
  static ofSync(error: unknown, file: string): StorageError {
    const { message } = StorageError.from(error, "sync", file);
    const text = `${message}; nobody knows what of it is on the disk: start the server again`;
    return new StorageError("sync-failed", text, { file, cause: error });
  }
}

/** Whether an operation failed only because the disk is full, or the quota used up. */
export function isOutOfSpace(error: unknown): boolean {
  return error instanceof StorageError && error.code === "no-space";
}

function codeOf(error: unknown): StorageErrorCode {
  switch (errnoOf(error)) {
    case "ENOSPC":
    case "EDQUOT":
      return "no-space";
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return "not-writable";
    default:
      return "io";
  }
}

/** The system's name of an error, such as "ENOENT"; undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
