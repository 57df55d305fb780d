/**
 * Disks of real servers that fail or hang when they are told to: by a library that the server's
 * process loads first (`disk-faults.c`). Compiling it takes gcc, and preloading Linux.
 */
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";

export interface DiskFaults {
  /** For the server's process. */
  readonly env: Readonly<Record<string, string>>;
  /** From now on every sync of a file whose path holds `part` fails with EIO, or does not end. */
  begin(fault: "fail" | "hang", part: string): void;
  /** What hung goes on. */
  end(): void;
}

/** Whether there can be such disks here. */
export function canHaveDiskFaults(): boolean {
  return process.platform === "linux" && compile("/dev/null").error === undefined;
}

/** The faults of one server's disk; what they need is put into `folder`. */
export function diskFaultsIn(folder: string): DiskFaults {
  const library = path.join(folder, "disk-faults.so");
  const { error, stderr } = compile(library);
  if (error !== undefined || stderr !== "") throw new Error(`gcc: ${error?.message ?? stderr}`);
  const control = path.join(folder, "control");
  return {
    env: { LD_PRELOAD: library, DISK_FAULTS: control },
    begin: (fault, part) => writeFileSync(control, `${fault} ${part}\n`),
    end: () => rmSync(control, { force: true }),
  };
}

function compile(library: string) {
  const source = path.join(import.meta.dirname, "disk-faults.c");
  const args = ["-shared", "-fPIC", "-O1", "-Wall", "-o", library, source, "-ldl"];
  return spawnSync("gcc", args, { encoding: "utf8" });
}
