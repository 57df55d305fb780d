/**
 * What the storage asks of a file system, as one small interface: so that tests can put one in its
 * place that fails, stalls, or loses its power. `node-files.ts` is the real one. What these
 * operations promise is what POSIX does, and no more:
 *
 * - bytes and sizes are durable once `sync` or `syncData` has resolved, names once `syncFolder`
 *   has; until then any part of them may be gone after a loss of power, in any order;
 * - a rename replaces its target in one step, whenever it becomes durable;
 * - after a failed sync nobody knows what is durable, and a second one may succeed regardless: it
 *   is never tried again.
 *
 * Errors are those of the system, with its `code` ("ENOSPC").
 */

/**
 * - `read`: an existing file, for reading.
 * - `update`: an existing file, for writing over it.
 * - `create`: a new file; one of this name is an error.
 * - `create-synced`: the same, with every write durable when it resolves, where the system can do
 *   that (`OpenedFile.isSyncedByWrite`).
 * - `replace`: a new file, or an existing one made empty.
 */
export type OpenMode = "read" | "update" | "create" | "create-synced" | "replace";

/** A file system. Paths are absolute. */
export interface FileOps {
  open(file: string, mode: OpenMode): Promise<OpenedFile>;
  /** Names in a folder, in no order. */
  list(folder: string): Promise<string[]>;
  /** Whether there is a file or folder of this name. */
  exists(file: string): Promise<boolean>;
  rename(from: string, to: string): Promise<void>;
  remove(file: string): Promise<void>;
  /** Creates one folder in an existing one; `EEXIST` when it is there. */
  createFolder(folder: string): Promise<void>;
  /** Makes created, renamed and removed names of a folder durable. */
  syncFolder(folder: string): Promise<void>;
  /** Keeps other servers out of a folder. @throws StorageError `locked` */
  lock(folder: string): Promise<HeldLock>;
}

/** A file that is open. */
export interface OpenedFile {
  /** Whether a write is durable when it resolves, without a sync. */
  readonly isSyncedByWrite: boolean;
  size(): Promise<number>;
  /** Fills `target` from `position` on; resolves to how many bytes there were, 0 at the end. */
  read(target: Uint8Array, position: number): Promise<number>;
  /** Resolves to how many of the bytes were written, which may be fewer. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** Cuts the file, or extends it with zeros. */
  truncate(bytes: number): Promise<void>;
  sync(): Promise<void>;
  /** As `sync`, without what is not needed to read the bytes. */
  syncData(): Promise<void>;
  close(): Promise<void>;
}

/** A folder that other servers are kept out of. */
export interface HeldLock {
  release(): Promise<void>;
}
