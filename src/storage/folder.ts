/**
 * A folder of the storage, and changes to it that survive a loss of power: a file's bytes are
 * synced before its name is, and a changed name is durable only once its folder has been synced
 * too. For the seldom used paths; the log writes by its own, shorter way (`log-file-writer.ts`).
 * Failures are `StorageError`s that say what was done to which file.
 */
import path from "node:path";
import { WireError } from "../wire/index.ts";
import type { FileOps, OpenMode, OpenedFile } from "./file-ops.ts";
import { StorageError, errnoOf, isOutOfSpace } from "./storage-error.ts";

/** One folder of some file system. */
export class Folder {
  readonly files: FileOps;
  /** Absolute. */
  readonly path: string;

  constructor(files: FileOps, folder: string) {
    this.files = files;
    this.path = folder;
  }

  /** Absolute path of a file in it. */
  fileOf(name: string): string {
    return path.join(this.path, name);
  }

  /** A folder in it. */
  within(name: string): Folder {
    return new Folder(this.files, this.fileOf(name));
  }

  async names(): Promise<string[]> {
    try {
      return await this.files.list(this.path);
    } catch (error) {
      throw StorageError.from(error, "list folder", this.path);
    }
  }

  /** Makes created, renamed and removed names durable. */
  async sync(): Promise<void> {
    try {
      await this.files.syncFolder(this.path);
    } catch (error) {
      throw StorageError.ofSync(error, this.path);
    }
  }

  /** Removes a file, if it is there; its going is not durable yet. */
  async remove(name: string): Promise<void> {
    try {
      await this.files.remove(this.fileOf(name));
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return;
      throw StorageError.from(error, "remove", this.fileOf(name));
    }
  }

  /**
   * Removes the named files one after the other; each is gone for good before the next one goes,
   * so that a crash leaves the later ones and never a gap. Missing ones count as removed.
   */
  async removeInOrder(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await this.remove(name);
      await this.sync();
    }
  }

  /** Renames durably. The file's bytes must have been synced before. */
  async rename(from: string, to: string): Promise<void> {
    try {
      await this.files.rename(this.fileOf(from), this.fileOf(to));
    } catch (error) {
      throw StorageError.from(error, "rename", this.fileOf(from));
    }
    await this.sync();
  }

  /** Writes `text` under `name`: after a crash the file holds the old text or the new one. */
  async replaceText(name: string, text: string): Promise<void> {
    const temporary = `${name}.tmp`;
    const file = this.fileOf(temporary);
    await useFile(this.files, { file, mode: "replace", doing: "write" }, async (opened) => {
      await writeFully(opened, Buffer.from(text, "utf8"), 0);
      await syncFile(opened, file);
    });
    await this.rename(temporary, name);
  }

  /** The text of a small file, its first `bytesMax` bytes; null when there is none. */
  async readText(name: string, bytesMax: number): Promise<string | null> {
    try {
      return await readFile(this.files, this.fileOf(name), async (opened) => {
        const bytes = Buffer.alloc(bytesMax);
        const count = await opened.read(bytes, 0);
        return bytes.toString("utf8", 0, count);
      });
    } catch (error) {
      if (error instanceof StorageError && errnoOf(error.cause) === "ENOENT") return null;
      throw error;
    }
  }

  /** Cuts a file at `bytes`, durably. */
  async cut(name: string, bytes: number): Promise<void> {
    const file = this.fileOf(name);
    await useFile(this.files, { file, mode: "update", doing: "cut" }, async (opened) => {
      await opened.truncate(bytes);
      await syncFile(opened, file);
    });
  }
}

/**
 * Opens a file for reading, and closes it after `use`.
 * @throws WireError as `use` does; any other failure as StorageError.
 */
export function readFile<T>(
  files: FileOps,
  file: string,
  use: (opened: OpenedFile) => Promise<T>,
): Promise<T> {
  return useFile(files, { file, mode: "read", doing: "read" }, use);
}

/** As `readFile`, for other purposes; `doing` completes the message "Cannot …". */
export async function useFile<T>(
  files: FileOps,
  how: { readonly file: string; readonly mode: OpenMode; readonly doing: string },
  use: (opened: OpenedFile) => Promise<T>,
): Promise<T> {
  const { file, mode, doing } = how;
  try {
    const opened = await files.open(file, mode);
    try {
      return await use(opened);
    } finally {
      await opened.close();
    }
  } catch (error) {
    if (error instanceof WireError) throw error;
    throw StorageError.from(error, doing, file);
  }
}

/**
 * Syncs a file that is written anew as a whole if it cannot be synced.
 * @throws StorageError `no-space`, or `sync-failed` for any other reason.
 */
export async function syncFile(opened: OpenedFile, file: string): Promise<void> {
  try {
    await opened.sync();
  } catch (error) {
    const failure = StorageError.from(error, "sync", file);
    throw isOutOfSpace(failure) ? failure : StorageError.ofSync(error, file);
  }
}

/** Writes all of `bytes` at `position`, however many calls it takes; returns the position after. */
export async function writeFully(
  opened: OpenedFile,
  bytes: Uint8Array,
  position: number,
): Promise<number> {
  let from = 0;
  while (from < bytes.length) {
    from += await opened.write(from === 0 ? bytes : bytes.subarray(from), position + from);
  }
  return position + bytes.length;
}
