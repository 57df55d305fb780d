/** `ensemble inspect`, on files that Apache ZooKeeper wrote and on damaged copies of them. */
import { cpSync, existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { registerInspect } from "../../src/cli/index.ts";
import { fixtureFolder } from "../storage/support/storage-world.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Runs a command; what it prints. */
async function inspect(...words: string[]): Promise<string[]> {
  const { lines, error } = await tryInspect(...words);
  if (error !== undefined) throw error as Error;
  return lines;
}

async function tryInspect(...words: string[]): Promise<{ lines: string[]; error: unknown }> {
  const lines: string[] = [];
  const program = new Command().exitOverride();
  registerInspect(program, { print: (line) => lines.push(line) });
  try {
    await program.parseAsync(["inspect", ...words], { from: "user" });
    return { lines, error: undefined };
  } catch (error) {
    return { lines, error };
  }
}

const fixture = (name: string): string => join(fixtureFolder, name);

/** A copy of a fixture with some bytes changed. */
function damaged(name: string, change: (bytes: Buffer) => Buffer): string {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, change(readFileSync(fixture(name))));
  return file;
}

/** Changes a byte of the data of the second record, so that only its checksum is wrong. */
function flipInSecondRecord(bytes: Buffer): Buffer {
  const second = 16 + 13 + bytes.readInt32BE(16 + 8);
  bytes[second + 12 + 36]! ^= 1;
  return bytes;
}

describe("inspect log", () => {
  it("prints each transaction", async () => {
    const lines = await inspect("log", fixture("log.200000012"));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^zxid=0x200000012 time=2\S+Z session=0x\S+ cxid=17 type=setACL /u);
    expect(lines[1]).toBe("1 transactions, up to offset 159");
  });

  it("prints JSON, with data if wanted", async () => {
    const lines = await inspect("log", "--json", "--data", fixture("log.100000001"));
    const txns = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(txns).toHaveLength(23);
    expect(txns.find(({ type }) => type === "createContainer")).toMatchObject({
      path: "/container",
      data: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/u) as string,
    });
  });

  it("goes on behind a wrong checksum, and says so", async () => {
    const file = damaged("log.100000001", flipInSecondRecord);
    const { lines, error } = await tryInspect("log", file);
    expect(error).toMatchObject({ code: "damaged", exitCode: 2 });
    expect(lines[1]).toMatch(/^WRONG CHECKSUM at offset \d+: /u);
    expect(lines.at(-1)).toMatch(/^23 transactions, 1 with a wrong checksum, up to offset 2677$/u);
  });

  it("repairs into another file, once it is told to", async () => {
    const file = damaged("log.100000001", flipInSecondRecord);
    const before = readFileSync(file);
    const asked = await tryInspect("log", "--recover", file);
    expect(asked.error).toMatchObject({ code: "damaged" });
    expect(existsSync(`${file}.repaired`)).toBe(false);
    const lines = await inspect("log", "--recover", "--yes", file);
    const done = `Written: '${file}.repaired', 23 transactions up to 0x100000017`;
    expect(lines.slice(-2)).toEqual([done, `'${file}' is as it was`]);
    expect(readFileSync(file)).toEqual(before);
    expect((await inspect("log", `${file}.repaired`)).at(-1)).toMatch(/^23 transactions, up to/u);
    const again = await tryInspect("log", "--recover", "--yes", file);
    expect(again.error).toMatchObject({ name: "StorageError" });
  });

  it("keeps what is before an unreadable place", async () => {
    const file = damaged("log.100000001", (bytes) => {
      bytes.writeInt32BE(-5, 16 + 13 + bytes.readInt32BE(16 + 8) + 8);
      return bytes;
    });
    expect((await tryInspect("log", file)).error).toMatchObject({ code: "damaged" });
    await inspect("log", "--recover", "--yes", file);
    expect((await inspect("log", `${file}.repaired`)).at(-1)).toMatch(/^1 transactions, up to/u);
  });

  it("has nothing to repair in a good file", async () => {
    const lines = await inspect("log", "--recover", fixture("log.200000001"));
    expect(lines.at(-1)).toBe("Nothing to repair");
  });

  it("refuses what is no log", async () => {
    const { error } = await tryInspect("log", fixture("snapshot.0"));
    expect(error).toMatchObject({ code: "corrupt-log" });
  });
});

describe("inspect snapshot", () => {
  it("prints nodes, sessions and totals", async () => {
    const lines = await inspect("snapshot", fixture("snapshot.200000010"));
    expect(lines.filter((line) => line.startsWith("/"))).toHaveLength(25);
    expect(lines.filter((line) => line.startsWith("session "))).toHaveLength(3);
    expect(lines).toContain("digest: 0xad6771e6c");
    expect(lines).toContain("dataBytes: 577");
  });

  it("prints JSON, with data if wanted", async () => {
    const lines = await inspect("snapshot", "--json", "--data", fixture("snapshot.200000010"));
    const items = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const data = items.map((item) => item["data"]).filter((text) => typeof text === "string");
    const bytes = data.reduce((sum, text) => sum + Buffer.from(text, "base64").length, 0);
    expect(items.at(-1)).toMatchObject({ summary: { nodes: 25, dataBytes: bytes } });
  });

  it("tells damage by its exit code", async () => {
    const file = damaged("snapshot.200000010", (bytes) => bytes.subarray(0, 700));
    const { error } = await tryInspect("snapshot", "--summary", file);
    expect(error).toMatchObject({ code: "damaged", exitCode: 2 });
  });
});

describe("inspect summary and compare", () => {
  it("sum up what is below a node", async () => {
    const file = fixture("snapshot.200000010");
    expect(await inspect("summary", file, "/first")).toEqual([
      "PATH    BELOW  BYTES",
      "/first  8      214",
    ]);
    expect(await inspect("summary", file, "/", "0")).toHaveLength(5);
    expect((await tryInspect("summary", file, "/none")).error).toMatchObject({ code: "usage" });
    expect((await tryInspect("summary", file, "/", "x")).error).toMatchObject({ code: "usage" });
  });

  it("show differences from a threshold on", async () => {
    const files = [fixture("snapshot.100000017"), fixture("snapshot.200000010")];
    const lines = await inspect("compare", ...files, "--nodes", "10", "--bytes", "1000");
    expect(lines).toEqual([
      "left: 15 nodes, 362 bytes",
      "right: 25 nodes, 577 bytes",
      "only left: 0 nodes",
      "only right: 10 nodes",
      "changed: 0 nodes",
      "",
      "PATH     NODES  NODES+  BYTES  BYTES+",
      "/        25     +10     577    +215",
      "/second  10     +10     215    +215",
    ]);
    const same = await inspect("compare", files[0] ?? "", files[0] ?? "");
    expect(same).toHaveLength(5);
  });
});

describe("inspect verify", () => {
  const dataDir = join(fixtureFolder, "..");

  it("tells what a server would recover", async () => {
    const lines = await inspect("verify", dataDir);
    expect(lines).toContain("lastZxid: 0x200000012");
    expect(lines).toContain("digest: 0xae3cc2a2d");
    expect(lines).toContain("nodes: 25");
  });

  it("changes nothing, whatever is damaged", async () => {
    const folder = temporaryFolder();
    cpSync(fixtureFolder, join(folder, "version-2"), { recursive: true });
    const snapshot = join(folder, "version-2", "snapshot.200000010");
    writeFileSync(snapshot, readFileSync(snapshot).subarray(0, 300));
    const log = join(folder, "version-2", "log.200000012");
    writeFileSync(log, readFileSync(log).subarray(0, 100));
    const names = readdirSync(join(folder, "version-2"));
    const lines = await inspect("verify", folder);
    expect(lines.filter((line) => line.startsWith("warning: "))).toHaveLength(2);
    expect(lines).toContain("lastZxid: 0x200000011");
    expect(readdirSync(join(folder, "version-2"))).toEqual(names);
    expect(readFileSync(log)).toHaveLength(100);
  });

  it("refuses what a server would refuse", async () => {
    const folder = temporaryFolder();
    cpSync(fixtureFolder, join(folder, "version-2"), {
      recursive: true,
      filter: (file) => !file.endsWith("log.200000008"),
    });
    const snapshot = join(folder, "version-2", "snapshot.200000010");
    writeFileSync(snapshot, readFileSync(snapshot).subarray(0, 300));
    const { error } = await tryInspect("verify", folder);
    expect(error).toMatchObject({ code: "damaged", exitCode: 2 });
  });
});
