/**
 * The file system of the machine, as the storage sees it. By Node's callbacks rather than its
 * `FileHandle`s: an operation of the log costs one promise and one trip to a thread. On Linux
 * `create-synced` is O_DSYNC, by which a write does the work of a write and an fdatasync in one
 * trip; elsewhere what O_DSYNC promises differs, so that it is not used.
 */
import fs from "node:fs";
import type { FileOps, OpenMode, OpenedFile } from "./file-ops.ts";
import { FolderLock } from "./folder-lock.ts";

const { O_CREAT, O_DSYNC, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = fs.constants;

const writesCanSync = process.platform === "linux";

const flagsOf: Record<OpenMode, number> = {
  read: O_RDONLY,
  update: O_RDWR,
  create: O_WRONLY | O_CREAT | O_EXCL,
  "create-synced": O_WRONLY | O_CREAT | O_EXCL | (writesCanSync ? O_DSYNC : 0),
  replace: O_WRONLY | O_CREAT | O_TRUNC,
};

/** The machine's own files. */
export const nodeFiles: FileOps = {
  async open(file, mode) {
    const fd = await call<number>((done) => fs.open(file, flagsOf[mode], done));
    return new NodeFile(fd, mode === "create-synced" && writesCanSync);
  },
  list: (folder) => call((done) => fs.readdir(folder, done)),
  async exists(file) {
    return fs.existsSync(file);
  },
  rename: (from, to) => callVoid((done) => fs.rename(from, to, done)),
  remove: (file) => callVoid((done) => fs.unlink(file, done)),
  createFolder: (folder) => callVoid((done) => fs.mkdir(folder, done)),
  async syncFolder(folder) {
    const fd = await call<number>((done) => fs.open(folder, O_RDONLY, done));
    try {
      await callVoid((done) => fs.fsync(fd, done));
    } finally {
      await callVoid((done) => fs.close(fd, done));
    }
  },
  lock: (folder) => FolderLock.take(folder),
};

class NodeFile implements OpenedFile {
  readonly isSyncedByWrite: boolean;
  readonly #fd: number;

  constructor(fd: number, isSyncedByWrite: boolean) {
    this.#fd = fd;
    this.isSyncedByWrite = isSyncedByWrite;
  }

  async size(): Promise<number> {
    const { size } = await call<fs.Stats>((done) => fs.fstat(this.#fd, done));
    return size;
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return call((done) => fs.read(this.#fd, target, 0, target.length, position, done));
  }

  write(bytes: Uint8Array, position: number): Promise<number> {
    return call((done) => fs.write(this.#fd, bytes, 0, bytes.length, position, done));
  }

  truncate(bytes: number): Promise<void> {
    return callVoid((done) => fs.ftruncate(this.#fd, bytes, done));
  }

  sync(): Promise<void> {
    return callVoid((done) => fs.fsync(this.#fd, done));
  }

  syncData(): Promise<void> {
    return callVoid((done) => fs.fdatasync(this.#fd, done));
  }

  close(): Promise<void> {
    return callVoid((done) => fs.close(this.#fd, done));
  }
}

/** A callback-style operation as a promise. */
function call<T>(operation: (done: (error: Error | null, result: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    operation((error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
}

/** The same for one without a result; `close` may leave the error undefined. */
function callVoid(operation: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    operation((error) => {
      if (error === null || error === undefined) resolve();
      else reject(error);
    });
  });
}
