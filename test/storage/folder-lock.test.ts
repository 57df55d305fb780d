import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { FolderLock } from "../../src/storage/folder-lock.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("FolderLock", () => {
  test("keeps a second one out until it is released", async () => {
    const folder = temporaryFolder();
    const lock = await FolderLock.take(folder);
    await expect(FolderLock.take(folder)).rejects.toMatchObject({
      code: "locked",
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await lock.release();
    expect(existsSync(path.join(folder, "ensemble.lock"))).toBe(false);
    await (await FolderLock.take(folder)).release();
  });

  test.each([
    ["of a process that does not run", "4194305 1\n"],
    ["of an earlier process with our id", `${process.pid} 1\n`],
    ["cut off by a crash", ""],
  ])("replaces a lock %s", async (_, text) => {
    const folder = temporaryFolder();
    const file = path.join(folder, "ensemble.lock");
    writeFileSync(file, text);
    const lock = await FolderLock.take(folder);
    expect(readFileSync(file, "utf8").startsWith(`${process.pid}`)).toBe(true);
    await lock.release();
  });

  test("reports a folder that is not there", async () => {
    const folder = path.join(temporaryFolder(), "missing");
    await expect(FolderLock.take(folder)).rejects.toMatchObject({ code: "io" });
  });
});
