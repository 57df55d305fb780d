/** The files that a reconfiguration leaves beside a zoo.cfg. */
import {
  chmodSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Logger } from "../../../src/observe/index.ts";
import { nullLogger } from "../../../src/observe/index.ts";
import { ConfigFiles } from "../../../src/server/reconfig/index.ts";
import { parseQuorumConfig } from "../../../src/wire/index.ts";
import type { QuorumConfig } from "../../../src/wire/index.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const config = (version: string, count = 1): QuorumConfig => {
  const lines = Array.from({ length: count }, (_, index) => {
    return `server.${index + 1}=h${index + 1}:1:2:participant;0.0.0.0:3`;
  });
  return parseQuorumConfig([...lines, `version=${version}`].join("\n"));
};

function filesIn(folder: string, logger: Logger = nullLogger, statedVersion = 0n): ConfigFiles {
  return new ConfigFiles({ file: join(folder, "zoo.cfg"), statedVersion, sid: 1n, logger });
}

function contentOf(folder: string): Record<string, string> {
  const names = readdirSync(folder).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

test("members move out of zoo.cfg, which is kept as it was, with its permissions", async () => {
  const folder = temporaryFolder();
  const text = "dataDir=/d\nserver.1=h1:1:2\nclientPort=3\n";
  writeFileSync(join(folder, "zoo.cfg"), text);
  chmodSync(join(folder, "zoo.cfg"), 0o600);
  const files = filesIn(folder);
  files.record(config("100000000", 11), undefined);
  await files.drain();
  const dynamic = join(folder, "zoo.cfg.dynamic.100000000");
  const content = contentOf(folder);
  expect(content["zoo.cfg"]).toBe(`dataDir=/d\ndynamicConfigFile=${dynamic}\n`);
  expect(content["zoo.cfg.bak"]).toBe(text);
  expect(content["zoo.cfg.dynamic.100000000"]?.split("\n").slice(0, 4)).toEqual([
    "server.10=h10:1:2:participant;0.0.0.0:3",
    "server.11=h11:1:2:participant;0.0.0.0:3",
    "server.1=h1:1:2:participant;0.0.0.0:3",
    "server.2=h2:1:2:participant;0.0.0.0:3",
  ]);
  expect(Object.keys(content)).toHaveLength(3);
  for (const name of ["zoo.cfg", "zoo.cfg.bak"]) {
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  }
});

test("proposed members have a file until they are in force or given up", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "zoo.cfg"), "dynamicConfigFile=/c/zoo.cfg.dynamic.5\n");
  const files = filesIn(folder, nullLogger, 5n);
  files.record(config("5"), config("6", 2));
  await files.drain();
  const next = { "zoo.cfg.dynamic.next": expect.stringMatching(/^server\.1=.*\nversion=6$/su) };
  expect(contentOf(folder)).toMatchObject(next);
  expect(readdirSync(folder)).toHaveLength(2);
  files.record(config("6", 2), undefined);
  await files.drain();
  expect(readdirSync(folder).sort()).toEqual(["zoo.cfg", "zoo.cfg.dynamic.6"]);
});

test("a server that is no member keeps the files that list it", async () => {
  const folder = temporaryFolder();
  const text = "dataDir=/d\nserver.1=h1:1:2\nserver.4=h4:1:2\n";
  writeFileSync(join(folder, "zoo.cfg"), text);
  const file = join(folder, "zoo.cfg");
  const files = new ConfigFiles({ file, statedVersion: 0n, sid: 4n, logger: nullLogger });
  files.record(config("100000000"), config("100000003", 4));
  await files.drain();
  expect(contentOf(folder)["zoo.cfg"]).toBe(text);
  files.record(config("100000003", 4), undefined);
  await files.drain();
  const named = `dynamicConfigFile=${join(folder, "zoo.cfg.dynamic.100000003")}`;
  expect(contentOf(folder)["zoo.cfg"]).toContain(named);
  files.record(config("100000007"), undefined);
  await files.drain();
  expect(contentOf(folder)["zoo.cfg"]).toContain(named);
});

test("a linked zoo.cfg is changed where it is", async () => {
  const [folder, links] = [temporaryFolder(), temporaryFolder()];
  writeFileSync(join(folder, "zoo.cfg"), "server.1=h1:1:2\n");
  symlinkSync(join(folder, "zoo.cfg"), join(links, "zoo.cfg"));
  const files = filesIn(links);
  files.record(config("9"), undefined);
  await files.drain();
  expect(readdirSync(links)).toEqual(["zoo.cfg"]);
  expect(readFileSync(join(links, "zoo.cfg"), "utf8")).toContain("zoo.cfg.dynamic.9");
});

test("a folder that cannot be written is said once", async () => {
  const warnings: string[] = [];
  const warn = (message: string): number => warnings.push(message);
  const files = filesIn("/nowhere", { ...nullLogger, warn });
  files.record(config("9"), undefined);
  await files.drain();
  files.record(config("a"), undefined);
  await files.drain();
  expect(warnings).toHaveLength(1);
});
