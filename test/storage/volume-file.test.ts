import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { readVolumeRecord, saveVolumeRecord } from "../../src/storage/volume-file.ts";
import { Folder } from "../../src/storage/folder.ts";
import { nodeFiles } from "../../src/storage/node-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("readVolumeRecord()", () => {
  test("reads what was saved last", async () => {
    const folder = new Folder(nodeFiles, temporaryFolder());
    const record = { ensembleId: "a", isIdSettled: false, isIncomplete: true };
    await saveVolumeRecord(folder, { ...record, ensembleId: null });
    await saveVolumeRecord(folder, record);
    expect(await readVolumeRecord(folder)).toEqual(record);
    expect(readdirSync(folder.path)).toEqual(["volume.json"]);
  });

  test("finds none in a folder of ZooKeeper's", async () => {
    expect(await readVolumeRecord(new Folder(nodeFiles, temporaryFolder()))).toBeNull();
  });

  test("refuses a file that it cannot make out rather than take the disk for a plain one", async () => {
    const folder = new Folder(nodeFiles, temporaryFolder());
    writeFileSync(path.join(folder.path, "volume.json"), '{"version":1,');
    await expect(readVolumeRecord(folder)).rejects.toMatchObject({ code: "corrupt-volume" });
  });
});
