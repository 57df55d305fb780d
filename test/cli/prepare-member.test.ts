import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { prepareMember } from "../../src/cli/member/prepare-member.ts";
import { ConfigError, loadServerConfig } from "../../src/server/index.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const line = (id: number, role: string) => `server.${id}=h${id}:2888:3888:${role};0.0.0.0:2181\n`;
const THREE = [1, 2, 3].map((id) => line(id, "participant")).join("");

/** What the operator has written, and a volume. */
function lay(mounted: Record<string, string> = {}, volume: Record<string, string> = {}) {
  const folder = temporaryFolder();
  const config = join(folder, "config");
  const data = join(folder, "data");
  const zooCfg = `dataDir=${data}\ntickTime=2000\ninitLimit=10\nsyncLimit=5\nstandaloneEnabled=false\n`;
  mkdirSync(config);
  mkdirSync(join(data, "version-2"), { recursive: true });
  for (const [name, text] of Object.entries({ "zoo.cfg": zooCfg, members: THREE, ...mounted })) {
    writeFileSync(join(config, name), text);
  }
  for (const [name, text] of Object.entries(volume)) writeFileSync(join(data, name), text);
  return { config, data, initialize: join(data, "initialize") };
}

function membersOf(file: string): string[] {
  return [...loadServerConfig(file).servers.values()].map(({ sid, role }) => `${sid} ${role}`);
}

const VOTERS = ["1 participant", "2 participant", "3 participant"];

describe("prepareMember()", () => {
  it("makes what a server can start with", async () => {
    const { config, data } = lay();
    const { file, isFounding } = await prepareMember(config, 2);
    expect(isFounding).toBe(false);
    expect(file).toBe(join(data, "zoo.cfg"));
    expect(loadServerConfig(file)).toMatchObject({ myId: 2n, dataDir: data, clientPort: 2181 });
    expect(membersOf(file)).toEqual(VOTERS);
  });

  it("lets a founder begin while the ensemble forms", async () => {
    const { config, initialize } = lay({ founders: "1,2,3" });
    expect(await prepareMember(config, 3)).toMatchObject({ isFounding: true });
    expect(existsSync(initialize)).toBe(true);
  });

  it.each([
    ["who is no founder", { founders: "1,3" }, {}],
    ["when the ensemble runs", {}, {}],
    ["whose volume has data", { founders: "1,2,3" }, { "version-2/snapshot.0": "" }],
    ["whose volume is known to be incomplete", { founders: "2" }, { "version-2/volume.json": "" }],
  ])("lets nobody begin %s, also after a start that meant to", async (_, mounted, volume) => {
    const { config, initialize } = lay(mounted, { initialize: "", ...volume });
    expect(await prepareMember(config, 2)).toMatchObject({ isFounding: false });
    expect(existsSync(initialize)).toBe(false);
  });

  it("takes what a crash left in the middle for nothing", async () => {
    const { config } = lay({ founders: "2" }, { "version-2/unfinished-snapshot.0": "" });
    expect(await prepareMember(config, 2)).toMatchObject({ isFounding: true });
  });

  it("goes by the members that the volume knows", async () => {
    const activeConfig = `${line(1, "participant")}${line(4, "participant")}version=100000003`;
    const { config } = lay(
      { members: THREE + line(4, "observer") },
      {
        "version-2/activeConfig": activeConfig,
      },
    );
    const { file } = await prepareMember(config, 4);
    expect(membersOf(file)).toEqual(["1 participant", "4 participant"]);
  });

  it("has no vote where it is not a member", async () => {
    const activeConfig = `${line(1, "participant")}${line(3, "participant")}version=100000003`;
    const { config } = lay({}, { "version-2/activeConfig": activeConfig });
    const { file } = await prepareMember(config, 2);
    expect(membersOf(file)).toEqual(["1 participant", "2 observer", "3 participant"]);
  });

  it("leaves what it cannot read of the volume to the server", async () => {
    const { config } = lay({}, { "version-2/activeConfig": "nonsense" });
    expect(membersOf((await prepareMember(config, 2)).file)).toEqual(VOTERS);
  });

  it("writes the same files at each start", async () => {
    const { config } = lay();
    const { file } = await prepareMember(config, 1);
    const before = readFileSync(file, "utf8");
    await prepareMember(config, 1);
    expect(readFileSync(file, "utf8")).toBe(before);
  });

  it("refuses a volume that is not mounted", async () => {
    const { config } = lay({ "zoo.cfg": "dataDir=/nowhere/data\n" });
    await expect(prepareMember(config, 1)).rejects.toThrow(
      "/nowhere/data: expected a folder: is the volume mounted?",
    );
  });

  it.each([
    ["members", { members: "server.x=1" }, 1],
    ["members", {}, 7],
    ["zoo.cfg", { "zoo.cfg": "tickTime=1" }, 1],
  ])("says which file is wrong: %s", async (name, mounted, id) => {
    const { config } = lay(mounted);
    const failed = prepareMember(config, id);
    await expect(failed).rejects.toThrow(ConfigError);
    await expect(failed).rejects.toThrow(join(config, name));
  });
});
