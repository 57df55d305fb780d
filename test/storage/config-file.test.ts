/** The record of the configuration in force. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readActiveConfig, saveActiveConfig } from "../../src/storage/config-file.ts";
import { Folder } from "../../src/storage/folder.ts";
import { nodeFiles } from "../../src/storage/node-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("the configuration that was saved last is read, whatever an interrupted write left", async () => {
  const path = temporaryFolder();
  const folder = new Folder(nodeFiles, path);
  expect(await readActiveConfig(folder)).toBeNull();
  await saveActiveConfig(folder, "server.1=a:1:2:participant\nversion=100000000");
  await saveActiveConfig(folder, "server.1=b:1:2:participant\nversion=100000001");
  writeFileSync(join(path, "activeConfig.tmp"), "server.1=c");
  expect(await readActiveConfig(folder)).toBe("server.1=b:1:2:participant\nversion=100000001");
});
