/**
 * Small files, read and written whole, with errors that name the file and what could not be done.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { OperatorError } from "../operator-error.ts";

/** The text of a file; null when it does not exist. @throws OperatorError FILE_ACCESS */
export function readTextIfExists(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw fileError("read", file, error);
  }
}

/**
 * Replaces a file's content: after a crash it is the old or the new one, never a part.
 *
 * @throws OperatorError FILE_ACCESS
 */
export function writeTextAtomically(file: string, text: string): void {
  const aside = `${file}.tmp`;
  try {
    const descriptor = openSync(aside, "w");
    try {
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(aside, file);
    syncFolder(dirname(file));
  } catch (error) {
    throw fileError("write", file, error);
  }
}

/**
 * Creates a folder and those above it.
 *
 * @returns the topmost folder that did not exist before; null when all did.
 * @throws OperatorError FILE_ACCESS
 */
export function createFolder(folder: string): string | null {
  // Not Node's recursive mkdir: it never ends below a folder that takes no new ones, as /proc.
  const parent = dirname(folder);
  if (existsSync(folder)) return null;
  const topmost = parent === folder ? null : createFolder(parent);
  try {
    mkdirSync(folder);
  } catch (error) {
    throw fileError("create", folder, error);
  }
  return topmost ?? folder;
}

/** The error for something that could not be done to a file, with the system's reason. */
export function fileError(verb: string, file: string, error: unknown): OperatorError {
  const code = errorCode(error) ?? "";
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  return new OperatorError("FILE_ACCESS", `Cannot ${verb} ${file}: ${reason}`, error);
}

/** The system's code of an error, such as ENOENT. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && "code" in error ? String(error.code) : null;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EEXIST: "a file of that name is in the way",
  EISDIR: "it is a folder",
  ENOENT: "no such file",
  ENOSPC: "no space left on the device",
  ENOTDIR: "a file is in the way of a folder",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
};

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
