import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { lockFolder } from "../../../src/operator/local/folder-lock.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** Above the largest process id that Linux gives. */
const NO_PROCESS = 4_194_305;

describe("lockFolder()", () => {
  it("refuses a second holder, until it is released", () => {
    const folder = temporaryFolder();
    const lock = lockFolder(folder, process.pid);
    expect(() => lockFolder(folder, process.pid)).toThrow(
      `Cannot use ${folder}: another 'ensemble up' (process ${process.pid}) runs this ensemble`,
    );
    lock.release();
    expect(existsSync(join(folder, "lock"))).toBe(false);
    expect(lockFolder(folder, process.pid).wasStale).toBe(false);
  });

  it.each([
    ["a process that is gone", `${NO_PROCESS} 1`],
    ["nobody", "garbage"],
  ])("takes over the lock of %s", (_, content) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "lock"), content);
    expect(lockFolder(folder, process.pid).wasStale).toBe(true);
  });

  it.runIf(existsSync("/proc/self/stat"))("takes over from a process id that came around", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "lock"), `${process.pid} 1`);
    expect(lockFolder(folder, process.pid).wasStale).toBe(true);
  });

  it("says why a folder cannot be used", () => {
    const file = join(temporaryFolder(), "missing");
    expect(() => lockFolder(file, process.pid)).toThrow(
      `Cannot write ${join(file, "lock")}: no such file`,
    );
  });
});
