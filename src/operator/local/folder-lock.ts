/**
 * Lets one process at a time manage an ensemble's folder. The lock is a file with the holder's
 * process id and, where the system tells it, the time that process started at, since ids come
 * around again. A lock whose holder is gone is stale and is taken over.
 */
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OperatorError } from "../operator-error.ts";
import { errorCode, fileError, readTextIfExists } from "./files.ts";

/** A lock that is held. */
export interface FolderLock {
  /** Whether a holder before us ended without releasing it. */
  readonly wasStale: boolean;
  release(): void;
}

const ATTEMPTS_MAX = 3;

/**
 * Takes the lock of `folder`, which must exist, for this process.
 *
 * @throws OperatorError LOCKED when another process holds it; FILE_ACCESS when the folder cannot
 * be written.
 */
export function lockFolder(folder: string, pid: number): FolderLock {
  const file = join(folder, "lock");
  const mine = `${String(pid)} ${startTimeOf(pid)}\n`;
  let wasStale = false;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    if (createExclusively(file, mine, pid)) {
      return { wasStale, release: () => rmSync(file, { force: true }) };
    }
    const holder = readTextIfExists(file);
    if (holder === null) continue;
    const [holderPid = "", holderStart = ""] = holder.trim().split(" ");
    if (isAlive(Number(holderPid), holderStart)) {
      throw new OperatorError(
        "LOCKED",
        `Cannot use ${folder}: another 'ensemble up' (process ${holderPid}) runs this ensemble`,
      );
    }
    wasStale = true;
    rmSync(file, { force: true });
  }
  throw new OperatorError("LOCKED", `Cannot use ${folder}: others start this ensemble right now`);
}

/** Creates the file with its content in one step, so that nobody ever reads an empty lock. */
function createExclusively(file: string, content: string, pid: number): boolean {
  const aside = `${file}.${String(pid)}`;
  try {
    writeFileSync(aside, content);
    linkSync(aside, file);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw fileError("write", file, error);
  } finally {
    rmSync(aside, { force: true });
  }
}

function isAlive(pid: number, startTime: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's process may not be signalled, but it is there.
    if (errorCode(error) !== "EPERM") return false;
  }
  return startTimeOf(pid) === startTime;
}

/** Field 22 of /proc/<pid>/stat, counted after the name, which may hold anything; or "-". */
function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "-";
  } catch {
    // Not on Linux: the process id alone has to do.
    return "-";
  }
}
