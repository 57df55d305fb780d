/**
 * Real servers whose disks fail or hang when a test says so: by a library that the server's
 * process loads first (`disk-faults.c`). Compiling it takes gcc, and preloading Linux; where they
 * are not there the tests that need it are skipped, loudly.
 */
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";

export interface DiskFaults {
  /** For the server's process. */
  readonly env: Readonly<Record<string, string>>;
  /** From now on every sync of a file whose path holds `part` fails with EIO, or does not end. */
  begin(fault: "fail" | "hang", part: string): void;
  /** What hung goes on. */
  end(): void;
}

/** To be called within a test. */
export function diskFaults(): DiskFaults {
  const folder = temporaryFolder();
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

/** As `describe`, where such servers can be had. */
export function describeWithDiskFaults(name: string, body: () => void): void {
  const isThere = process.platform === "linux" && compile("/dev/null").error === undefined;
  if (isThere) {
    describe(name, body);
    return;
  }
  const reason = "needs Linux and gcc";
  console.error(`SKIPPED: ${name}: ${reason}`);
  describe.skip(`${name} (${reason})`, body);
}

function compile(library: string) {
  const source = path.join(import.meta.dirname, "disk-faults.c");
  const args = ["-shared", "-fPIC", "-O1", "-Wall", "-o", library, source, "-ldl"];
  return spawnSync("gcc", args, { encoding: "utf8" });
}
