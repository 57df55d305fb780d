/**
 * A file system between a storage and its disk, for tests: passes everything on, but for the syncs
 * that the test lets fail. Other faults are made by overriding what is to be wrong.
 */
import type { FileOps, HeldLock, OpenMode, OpenedFile } from "../../src/storage/file-ops.ts";
import { systemError } from "./memory-files.ts";

/** Passes everything on. */
export class FilesBetween implements FileOps {
  protected readonly files: FileOps;

  constructor(files: FileOps) {
    this.files = files;
  }

  open(file: string, mode: OpenMode): Promise<OpenedFile> {
    return this.files.open(file, mode);
  }
  list(folder: string): Promise<string[]> {
    return this.files.list(folder);
  }
  exists(file: string): Promise<boolean> {
    return this.files.exists(file);
  }
  rename(from: string, to: string): Promise<void> {
    return this.files.rename(from, to);
  }
  remove(file: string): Promise<void> {
    return this.files.remove(file);
  }
  createFolder(folder: string): Promise<void> {
    return this.files.createFolder(folder);
  }
  syncFolder(folder: string): Promise<void> {
    return this.files.syncFolder(folder);
  }
  lock(folder: string): Promise<HeldLock> {
    return this.files.lock(folder);
  }
}

/** Lets syncs fail with EIO, and remembers all that were asked for. */
export class FailingSyncs extends FilesBetween {
  /** Syncs of files and folders whose paths match fail. */
  failing: RegExp | null = null;
  /** Paths of what was to be synced, in order. */
  readonly asked: string[] = [];

  override async open(file: string, mode: OpenMode): Promise<OpenedFile> {
    const opened = await this.files.open(file, mode);
    return {
      isSyncedByWrite: opened.isSyncedByWrite,
      size: () => opened.size(),
      read: (target, position) => opened.read(target, position),
      write: async (bytes, position) => {
        if (opened.isSyncedByWrite) this.#check(file);
        return opened.write(bytes, position);
      },
      truncate: (bytes) => opened.truncate(bytes),
      sync: async () => {
        this.#check(file);
        await opened.sync();
      },
      syncData: async () => {
        this.#check(file);
        await opened.syncData();
      },
      close: () => opened.close(),
    };
  }

  override async syncFolder(folder: string): Promise<void> {
    this.#check(folder);
    await this.files.syncFolder(folder);
  }

  #check(file: string): void {
    this.asked.push(file);
    if (this.failing?.test(file) === true) throw systemError("EIO", file);
  }
}
