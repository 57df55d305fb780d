/**
 * File operations that survive a loss of power: a file's bytes are synced before its name is, and
 * a changed name is durable only once its folder has been synced too. For the seldom used paths;
 * the log writes by its own, shorter way.
 */
import { open, readdir, rename, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";
import { StorageError, errnoOf } from "./storage-error.ts";

/** Makes created, renamed and removed names of `folder` durable. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw StorageError.from(error, "sync folder", folder);
  }
}

/** Names in `folder`. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw StorageError.from(error, "list folder", folder);
  }
}

/**
 * Removes the named files one after the other; each is gone for good before the next one goes, so
 * that a crash leaves the later ones of `names` and never a gap. Missing ones count as removed.
 */
export async function removeInOrder(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await removeFile(path.join(folder, name));
    await syncFolder(folder);
  }
}

/** Removes a file, if it is there; its folder is not synced. */
export async function removeFile(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw StorageError.from(error, "remove", file);
  }
}

/** Renames within one folder, durably. The file's bytes must have been synced before. */
export async function renameDurably(folder: string, from: string, to: string): Promise<void> {
  try {
    await rename(path.join(folder, from), path.join(folder, to));
  } catch (error) {
    throw StorageError.from(error, "rename", path.join(folder, from));
  }
  await syncFolder(folder);
}

/** Writes `text` under `name`: after a crash the file holds the old text or the new one. */
export async function replaceText(folder: string, name: string, text: string): Promise<void> {
  const temporary = `${name}.tmp`;
  const file = path.join(folder, temporary);
  try {
    const handle = await open(file, "w");
    try {
      await writeFully(handle, Buffer.from(text, "utf8"));
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw StorageError.from(error, "write", file);
  }
  await renameDurably(folder, temporary, name);
}

/** Writes all of `bytes` at the handle's position, however many calls it takes. */
export async function writeFully(handle: FileHandle, bytes: Buffer): Promise<void> {
  let from = 0;
  while (from < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, from, bytes.length - from);
    from += bytesWritten;
  }
}

/** Cuts a file at `bytes`, durably. */
export async function cutFile(file: string, bytes: number): Promise<void> {
  try {
    const handle = await open(file, "r+");
    try {
      await handle.truncate(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw StorageError.from(error, "cut", file);
  }
}
