/**
 * Real servers whose disks fail or hang when a test says so. Where they cannot be had the tests
 * that need them are skipped, loudly.
 */
import { describe } from "vitest";
import { canHaveDiskFaults, diskFaultsIn } from "./disk-faults-library.ts";
import type { DiskFaults } from "./disk-faults-library.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** To be called within a test. */
export function diskFaults(): DiskFaults {
  return diskFaultsIn(temporaryFolder());
}

/** As `describe`, where such servers can be had. */
export function describeWithDiskFaults(name: string, body: () => void): void {
  if (canHaveDiskFaults()) {
    describe(name, body);
    return;
  }
  const reason = "needs Linux and gcc";
  console.error(`SKIPPED: ${name}: ${reason}`);
  describe.skip(`${name} (${reason})`, body);
}
