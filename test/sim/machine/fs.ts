/**
 * In the place of `node:fs` for simulated processes: the part of it that the server uses. Functions
 * that return at once do so here, too, and cost no time.
 */
import { constants } from "node:fs";
import { operations } from "./file-operations.ts";
import {
  contentOf,
  openFile,
  readFrom,
  resizeFile,
  syncFile,
  systemFile,
  writeTo,
} from "./open-file.ts";

type Done = (error: Error | null) => void;

export { constants };

export function existsSync(path: string): boolean {
  return operations().disk.find(path) !== undefined;
}

export function readFileSync(path: string, encoding?: string): Buffer | string {
  const file = systemFile(path) ?? operations().disk.file(path, "open");
  const bytes = Buffer.from(file.bytes);
  return encoding === undefined ? bytes : bytes.toString("utf8");
}

export function readdirSync(path: string): string[] {
  return operations().disk.namesIn(path);
}

export function closeSync(fd: number): void {
  operations().close(fd);
}

export function open(
  path: string,
  flags: string | number,
  done: (error: Error | null, fd?: number) => void,
): void {
  const all = operations();
  all.start("change", () => all.open(openFile(all.disk, path, flags)), done);
}

export function close(fd: number, done: Done): void {
  const all = operations();
  all.start("change", () => all.close(fd), done);
}

export function read(
  fd: number,
  target: Buffer,
  ...rest: [
    offset: number,
    length: number,
    at: number | null,
    done: (e: Error | null, n?: number) => void,
  ]
): void {
  const [offset, length, at, done] = rest;
  const all = operations();
  const slice = target.subarray(offset, offset + length);
  all.start("read", () => readFrom(all.get(fd), slice, at), done);
}

export function write(
  fd: number,
  bytes: Buffer,
  ...rest: [
    offset: number,
    length: number,
    at: number | null,
    done: (e: Error | null, n?: number) => void,
  ]
): void {
  const [offset, length, at, done] = rest;
  const all = operations();
  const kind = all.get(fd).isSynced ? "sync" : "change";
  const slice = bytes.subarray(offset, offset + length);
  all.start(kind, () => writeTo(all.get(fd), slice, at), done);
}

export function ftruncate(fd: number, size: number, done: Done): void {
  const all = operations();
  all.start("change", () => resizeFile(all.get(fd), size), done);
}

export function fsync(fd: number, done: Done): void {
  const all = operations();
  all.start("sync", () => syncFile(all.get(fd)), done);
}

export function fstat(
  fd: number,
  done: (error: Error | null, stats?: { size: number }) => void,
): void {
  const all = operations();
  all.start("read", () => ({ size: contentOf(all.get(fd)).size }), done);
}

export function readdir(path: string, done: (error: Error | null, names?: string[]) => void): void {
  const all = operations();
  all.start("read", () => all.disk.namesIn(path), done);
}

export function rename(from: string, to: string, done: Done): void {
  const all = operations();
  all.start("change", () => all.disk.rename(from, to), done);
}

export function unlink(path: string, done: Done): void {
  const all = operations();
  all.start("change", () => all.disk.remove(path), done);
}

export function mkdir(path: string, done: Done): void {
  const all = operations();
  all.start("change", () => all.disk.makeFolder(path), done);
}

export function fdatasync(fd: number, done: Done): void {
  fsync(fd, done);
}

/** There are no links. */
export function realpathSync(path: string): string {
  return path;
}

const fs = {
  close,
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fstat,
  fsync,
  ftruncate,
  mkdir,
  open,
  read,
  readFileSync,
  readdir,
  readdirSync,
  realpathSync,
  rename,
  unlink,
  write,
};

export { fs as default };
