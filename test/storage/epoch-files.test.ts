import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { nullLogger } from "../../src/observe/index.ts";
import {
  recoverEpochs,
  saveAcceptedEpoch,
  saveCurrentEpoch,
} from "../../src/storage/epoch-files.ts";
import { Folder } from "../../src/storage/folder.ts";
import { nodeFiles } from "../../src/storage/node-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** A folder with the given epoch files. */
function folderWith(files: Record<string, string>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  return folder;
}

describe("recoverEpochs()", () => {
  test("reads what was saved, as ZooKeeper writes it", async () => {
    const folder = temporaryFolder();
    await saveAcceptedEpoch(new Folder(nodeFiles, folder), 12);
    await saveCurrentEpoch(new Folder(nodeFiles, folder), 11);
    expect(readFileSync(path.join(folder, "acceptedEpoch"), "latin1")).toBe("12");
    expect(await recoverEpochs(new Folder(nodeFiles, folder), 11, nullLogger)).toEqual({
      acceptedEpoch: 12,
      currentEpoch: 11,
    });
  });

  test("begins with the log's epoch where files are missing", async () => {
    const folder = temporaryFolder();
    expect(await recoverEpochs(new Folder(nodeFiles, folder), 3, nullLogger)).toEqual({
      acceptedEpoch: 3,
      currentEpoch: 3,
    });
    expect(readdirSync(folder).sort()).toEqual(["acceptedEpoch", "currentEpoch"]);
  });

  test("brings the current epoch forward to an accepted one that the log has reached", async () => {
    const folder = folderWith({ acceptedEpoch: "5", currentEpoch: "3" });
    expect((await recoverEpochs(new Folder(nodeFiles, folder), 5, nullLogger)).currentEpoch).toBe(
      5,
    );
    expect(readFileSync(path.join(folder, "currentEpoch"), "latin1")).toBe("5");
  });

  test("refuses a log newer than every epoch on disk", async () => {
    const folder = folderWith({ acceptedEpoch: "4", currentEpoch: "3" });
    await expect(recoverEpochs(new Folder(nodeFiles, folder), 5, nullLogger)).rejects.toMatchObject(
      {
        code: "corrupt-epoch",
      },
    );
  });

  test("refuses a current epoch that was never accepted", async () => {
    const folder = folderWith({ acceptedEpoch: "3", currentEpoch: "4" });
    await expect(recoverEpochs(new Folder(nodeFiles, folder), 1, nullLogger)).rejects.toMatchObject(
      {
        code: "corrupt-epoch",
      },
    );
  });

  test.each(["", "x", "-1", "1.5", "99999999999"])("refuses a file with '%s'", async (text) => {
    const folder = folderWith({ acceptedEpoch: "3", currentEpoch: text });
    await expect(recoverEpochs(new Folder(nodeFiles, folder), 1, nullLogger)).rejects.toMatchObject(
      {
        code: "corrupt-epoch",
        file: path.join(folder, "currentEpoch"),
      },
    );
  });
});
