/**
 * Keeps a second server out of a folder. The lock is a file that names the process holding it; a
 * lock of a process that no longer runs counts for nothing, so a killed server starts again by
 * itself. A process is known by its id together with its start time where the system tells it: in
 * a container every server may well be process 1.
 */
import { open, readFile, rename, unlink } from "node:fs/promises";
import path from "node:path";
import { StorageError, errnoOf } from "./storage-error.ts";

const lockName = "ensemble.lock";

/** Attempts before giving up when others lock and unlock the folder at the same time. */
const attemptsMax = 5;

/** A folder held by this process. */
export class FolderLock {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /**
   * Locks `folder`.
   * @throws StorageError `locked` when another running server has it, `not-writable` or `io`.
   */
  static async take(folder: string): Promise<FolderLock> {
    const file = path.join(folder, lockName);
    const own = await describeProcess(process.pid);
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      if (await tryCreate(file, own)) return new FolderLock(file);
      const holder = await readLock(file);
      if (holder === null) continue;
      if (await isRunning(holder)) {
        const pid = holder.split(" ")[0] ?? "";
        throw new StorageError(
          "locked",
          `Cannot use '${folder}': another server is running on it, process ${pid}`,
          { file },
        );
      }
      await removeStale(file, holder);
    }
    throw new StorageError("locked", `Cannot lock '${folder}': others are trying to`, { file });
  }

  /** Gives the folder free. */
  async release(): Promise<void> {
    try {
      await unlink(this.#file);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw StorageError.from(error, "remove", this.#file);
    }
  }
}

async function tryCreate(file: string, text: string): Promise<boolean> {
  try {
    const handle = await open(file, "wx");
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw StorageError.from(error, "create lock", file);
  }
}

async function readLock(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw StorageError.from(error, "read lock", file);
  }
}

/** Takes a stale lock out of the way, and puts it back if it turns out to be a fresh one. */
async function removeStale(file: string, holder: string): Promise<void> {
  const aside = `${file}.${process.pid}`;
  try {
    await rename(file, aside);
    const moved = await readLock(aside);
    if (moved === holder) await unlink(aside);
    else await rename(aside, file);
  } catch (error) {
    // Somebody else was faster: the next attempt sees what is there now.
    if (errnoOf(error) !== "ENOENT") throw StorageError.from(error, "replace lock", file);
  }
}

async function isRunning(holder: string): Promise<boolean> {
  const pid = Number(holder.split(" ")[0]);
  // A lock cut off by a crash names nobody.
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errnoOf(error) === "ESRCH") return false;
  }
  return (await describeProcess(pid)) === holder;
}

/** "<pid> <start time>"; only the id where the system does not show start times. */
async function describeProcess(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The command's name, in parentheses, may hold blanks; the start time is field 22.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return `${pid} ${fields[19] ?? ""}\n`;
  } catch {
    return `${pid}\n`;
  }
}
