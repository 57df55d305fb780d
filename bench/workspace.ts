/**
 * The temporary folder of a benchmark, on a disk rather than in memory where possible, and the
 * promise that nothing is left behind: servers are killed by pid and the folder removed when the
 * program ends, fails, or is interrupted.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { cacheFolder } from "../test/compat/support/cache.ts";
import { killAllServers } from "../test/compat/support/server-process.ts";

/** A folder to work in. */
export interface Workspace {
  readonly folder: string;
  /** Type of its file system as the kernel names it, for example "ext4". */
  readonly fileSystem: string;
}

const MEMORY_FILE_SYSTEMS = new Set(["tmpfs", "ramfs"]);
const EXIT_INTERRUPTED = 130;

/**
 * Makes the folder, below `parent` or the system's temporary folder (or, when that is in memory,
 * the cache folder), and installs the handlers that clean up.
 */
export function openWorkspace(parent?: string): Workspace {
  const base = parent ?? chooseParent();
  mkdirSync(base, { recursive: true });
  const folder = mkdtempSync(path.join(path.resolve(base), "ensemble-bench-"));
  process.on("exit", () => {
    killAllServers();
    // Killed servers may be writing still for an instant: hence the retries.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => process.exit(EXIT_INTERRUPTED));
  }
  return { folder, fileSystem: fileSystemOf(folder) };
}

/** Type of the file system that holds `folder`, from the kernel's table of mounts. */
function fileSystemOf(folder: string): string {
  return parseFileSystem(readFileSync("/proc/self/mounts", "utf8"), path.resolve(folder));
}

/** The type of the mount with the longest path that contains `folder`; the last one wins. */
export function parseFileSystem(mounts: string, folder: string): string {
  let found = { mountPoint: "", type: "unknown" };
  for (const line of mounts.split("\n")) {
    const [, mountPoint = "", type = "unknown"] = line.split(" ");
    const prefix = mountPoint.endsWith("/") ? mountPoint : `${mountPoint}/`;
    const isInside = mountPoint !== "" && `${folder}/`.startsWith(prefix);
    if (isInside && mountPoint.length >= found.mountPoint.length) {
      found = { mountPoint, type };
    }
  }
  return found.type;
}

function chooseParent(): string {
  return MEMORY_FILE_SYSTEMS.has(fileSystemOf(tmpdir())) ? cacheFolder() : tmpdir();
}
