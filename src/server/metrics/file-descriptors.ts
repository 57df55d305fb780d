/** How many files and sockets this process has open, and may have; null where Linux is not. */
import { readFileSync, readdirSync } from "node:fs";

export interface FileDescriptors {
  readonly open: number;
  readonly max: number;
}

/** Reads `/proc`, which does not touch a disk. */
export function readFileDescriptors(): FileDescriptors | null {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    const max = /^Max open files\s+(\d+)/mu.exec(limits)?.[1];
    return { open: readdirSync("/proc/self/fd").length, max: Number(max ?? -1) };
  } catch {
    // Not Linux, or no descriptor is left to read with.
    return null;
  }
}
