/**
 * What `open` and its flags mean on a simulated disk, and what is done to an open file. Shared by
 * the substitutes of `node:fs` and `node:fs/promises`.
 */
import { constants } from "node:fs";
import { systemError } from "./disk.ts";
import type { Disk } from "./disk.ts";
import { currentProcess } from "./process.ts";
import type { OpenFile } from "./file-operations.ts";
import { SimFile } from "./sim-file.ts";

const { O_APPEND, O_CREAT, O_DSYNC, O_EXCL, O_SYNC, O_TRUNC, O_WRONLY } = constants;

const flagsOfText: Readonly<Record<string, number>> = {
  r: 0,
  "r+": O_WRONLY,
  w: O_WRONLY | O_CREAT | O_TRUNC,
  wx: O_WRONLY | O_CREAT | O_EXCL,
  a: O_WRONLY | O_CREAT | O_APPEND,
};

export function openFile(disk: Disk, path: string, flags: string | number): OpenFile {
  const bits = typeof flags === "number" ? flags : flagsOfText[flags];
  if (bits === undefined) throw new Error(`The simulated disk knows no flags '${flags}'`);
  const system = systemFile(path);
  if (system !== undefined) return { disk, path, file: system, isSynced: false, position: 0 };
  const found = disk.find(path);
  if (found === "folder") return { disk, path, file: undefined, isSynced: false, position: 0 };
  if (found !== undefined && (bits & O_EXCL) !== 0) throw systemError("EEXIST", "open", path);
  if (found === undefined && (bits & O_CREAT) === 0) throw systemError("ENOENT", "open", path);
  const file = found ?? disk.create(path);
  if ((bits & O_TRUNC) !== 0 && file.size > 0) file.resize(0);
  const position = (bits & O_APPEND) === 0 ? 0 : file.size;
  return { disk, path, file, isSynced: (bits & (O_DSYNC | O_SYNC)) !== 0, position };
}

/** @param at null for the position of the file, which then moves on. */
export function readFrom(open: OpenFile, target: Buffer, at: number | null): number {
  const { bytes } = contentOf(open);
  const from = at ?? open.position;
  const count = Math.max(0, Math.min(target.length, bytes.length - from));
  bytes.copy(target, 0, from, from + count);
  if (at === null) open.position += count;
  return count;
}

/** @param at null for the position of the file, which then moves on. */
export function writeTo(open: OpenFile, bytes: Buffer, at: number | null): number {
  const file = contentOf(open);
  const to = at ?? open.position;
  if (open.isSynced && !open.disk.isLosingPower) file.writeDurably(bytes, to);
  else file.write(bytes, to);
  if (at === null) open.position += bytes.length;
  return bytes.length;
}

export function resizeFile(open: OpenFile, size: number): void {
  contentOf(open).resize(size);
}

export function syncFile(open: OpenFile): void {
  const { disk } = open;
  if (disk.isLosingPower) return;
  if (open.file === undefined) disk.syncFolder(open.path);
  else open.file.sync();
}

export function contentOf({ file, path }: OpenFile): SimFile {
  if (file === undefined) throw systemError("EISDIR", "read", path);
  return file;
}

/** What a process reads of itself: a new life is another process, whatever its id. */
export function systemFile(path: string): SimFile | undefined {
  if (!path.startsWith("/proc/")) return undefined;
  const { life, machine } = currentProcess();
  const file = new SimFile();
  const fields = Array.from({ length: 30 }, (_, index) =>
    index === 19 ? `${machine}-${life}` : 0,
  );
  file.write(Buffer.from(`1 (ensemble) ${fields.join(" ")}`), 0);
  return file;
}
