/**
 * Operations on the log files of a folder as a sequence: cutting it short, dropping its beginning.
 * The sequence must stay without gaps whenever the machine stops, so files go from the end when
 * it is cut and from the beginning when it is purged. The file that is being written must be
 * closed before.
 */
import path from "node:path";
import type { Logger } from "../observe/index.ts";
import { formatHex } from "../wire/index.ts";
import { cutFile, namesIn, removeInOrder } from "./durable-files.ts";
import { parseLogNames } from "./file-names.ts";
import type { NamedFile } from "./file-names.ts";
import { scanLogFile } from "./log-file-reader.ts";

/** The log files of `folder`, oldest first. */
export async function listLogs(folder: string): Promise<NamedFile[]> {
  return parseLogNames(await namesIn(folder));
}

/** Of files in order, the index of the one in which `zxid` belongs; 0 when all start later. */
export function indexOfFileWith(files: readonly NamedFile[], zxid: bigint): number {
  return Math.max(
    0,
    files.findLastIndex((file) => file.zxid <= zxid),
  );
}

/** Removes every record above `zxid`, durably. @throws StorageError */
export async function truncateLogs(folder: string, zxid: bigint, logger: Logger): Promise<void> {
  const files = await listLogs(folder);
  const later = files.filter((file) => file.zxid > zxid).map((file) => file.name);
  await removeInOrder(folder, later.reverse());
  const last = files.findLast((file) => file.zxid <= zxid);
  if (last !== undefined) {
    const file = path.join(folder, last.name);
    const scan = await scanLogFile(file, (recordZxid) => recordZxid <= zxid);
    // Nothing whole in it: a file of the next record's name must not stand in the way.
    if (scan.recordCount === 0) await removeInOrder(folder, [last.name]);
    else await cutFile(file, scan.endOffset);
  }
  logger.info("Transaction log truncated", { zxid: formatHex(zxid), removedFiles: later.length });
}

/**
 * Removes the files that hold only transactions up to `snapshotZxid`, but for the newest of them.
 * Returns how many.
 */
export async function purgeLogs(folder: string, snapshotZxid: bigint): Promise<number> {
  const files = await listLogs(folder);
  const old = files.slice(0, indexOfFileWith(files, snapshotZxid)).map((file) => file.name);
  await removeInOrder(folder, old);
  return old.length;
}
