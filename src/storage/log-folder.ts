/**
 * The log files of a folder as a sequence: their order, and cutting it short. The sequence must
 * stay without gaps whenever the machine stops, so files go from the end when it is cut. The file
 * that is being written must be closed before.
 */
import type { Logger } from "../observe/index.ts";
import { formatHex, zxidCounter, zxidEpoch } from "../wire/index.ts";
import { parseLogNames } from "./file-names.ts";
import type { NamedFile } from "./file-names.ts";
import type { Folder } from "./folder.ts";
import { scanLogFile } from "./log-file-reader.ts";

/** The log files of `folder`, oldest first. */
export async function listLogs(folder: Folder): Promise<NamedFile[]> {
  return parseLogNames(await folder.names());
}

/** Of files in order, the index of the one in which `zxid` belongs; 0 when all start later. */
export function indexOfFileWith(files: readonly NamedFile[], zxid: bigint): number {
  return Math.max(
    0,
    files.findLastIndex((file) => file.zxid <= zxid),
  );
}

/** Removes every record above `zxid`, durably. @throws StorageError */
export async function truncateLogs(folder: Folder, zxid: bigint, logger: Logger): Promise<void> {
  const files = await listLogs(folder);
  const later = files.filter((file) => file.zxid > zxid).map((file) => file.name);
  await folder.removeInOrder(later.reverse());
  const last = files.findLast((file) => file.zxid <= zxid);
  if (last !== undefined) {
    const file = folder.fileOf(last.name);
    const scan = await scanLogFile(folder.files, file, (recordZxid) => recordZxid <= zxid);
    // Nothing whole in it: a file of the next record's name must not stand in the way.
    if (scan.recordCount === 0) await folder.removeInOrder([last.name]);
    else await folder.cut(last.name, scan.endOffset);
  }
  logger.info("Transaction log truncated", { zxid: formatHex(zxid), removedFiles: later.length });
}

/** Whether `next` can directly follow `previous`: one more, or the first one of a later epoch. */
export function isNextZxid(previous: bigint, next: bigint): boolean {
  if (next === previous + 1n) return true;
  return zxidEpoch(next) > zxidEpoch(previous) && zxidCounter(next) === 1;
}
