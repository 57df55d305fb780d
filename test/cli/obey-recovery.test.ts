import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { obeyRecovery } from "../../src/cli/member/obey-recovery.ts";
import { RecoverError } from "../../src/cli/recover/recover-error.ts";
import { nullLogger } from "../../src/observe/index.ts";
import { ConfigError } from "../../src/server/index.ts";
import { formatVolumeRecord, parseQuorumConfig, zxidEpoch } from "../../src/wire/index.ts";
import type { VolumeRecord } from "../../src/wire/index.ts";
import { fixtureFolder } from "../storage/support/storage-world.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const NEW = "new-uid";
const MEMBERS =
  "server.1=h1:2888:3888:participant;0.0.0.0:2181\nserver.2=h2:2888:3888:observer;0.0.0.0:2181\n";
const RECOVERING = "lostUid=old-uid\nsurvivor=1\nzxid=0x100000001\n";
const RECOVERED = "lostUid=old-uid\n";

/** A member with a history whose disk says this of itself. */
function lay(record: Partial<VolumeRecord> | null, { order = RECOVERING, uid = NEW } = {}) {
  const folder = temporaryFolder();
  const config = join(folder, "config");
  const data = join(folder, "data");
  mkdirSync(config);
  mkdirSync(data);
  writeFileSync(join(config, "zoo.cfg"), `dataDir=${data}\nensemble.id=${uid}\n`);
  writeFileSync(join(config, "members"), MEMBERS);
  writeFileSync(join(config, "recovery"), order);
  cpSync(fixtureFolder, join(data, "version-2"), { recursive: true });
  if (record !== null) {
    const whole = { ensembleId: "old-uid", isIdSettled: true, isIncomplete: false };
    write(data, "volume.json", formatVolumeRecord({ ...whole, ...record }));
  }
  return { config, data };
}

function write(data: string, name: string, text: string): void {
  writeFileSync(join(data, "version-2", name), text);
}

function read(data: string, name: string): string {
  return readFileSync(join(data, "version-2", name), "utf8");
}

const obey = (config: string, id: number): Promise<void> =>
  obeyRecovery(config, { id, ensembleUid: NEW, logger: nullLogger });

describe("obeyRecovery()", () => {
  it("has the survivor go on alone, in a later epoch than anybody can have promised", async () => {
    const { config, data } = lay({});
    const history = readdirSync(join(data, "version-2"));
    await obey(config, 1);
    expect(JSON.parse(read(data, "volume.json"))).toMatchObject({
      ensembleId: NEW,
      isIdSettled: true,
      isIncomplete: false,
    });
    const { servers, version } = parseQuorumConfig(read(data, "activeConfig"));
    expect([...servers.values()].map(({ sid, role }) => [sid, role])).toEqual([
      [1n, "participant"],
    ]);
    expect(zxidEpoch(version)).toBeGreaterThan(1000);
    expect(readdirSync(join(data, "version-2"))).toEqual(expect.arrayContaining(history));
  });

  it("does it once, also when it was interrupted before it was done", async () => {
    const { config, data } = lay({});
    write(data, "activeConfig", `${MEMBERS}version=3e900000000`);
    await obey(config, 1);
    const before = [read(data, "activeConfig"), read(data, "volume.json")];
    await obey(config, 1);
    expect([read(data, "activeConfig"), read(data, "volume.json")]).toEqual(before);
  });

  it.each([
    ["of another member", {}, 2, RECOVERING],
    ["of another member that had lost its data before", { isIncomplete: true }, 2, RECOVERING],
    ["without an identity", null, 1, RECOVERING],
    ["of the survivor, when it comes back after the recovery", {}, 1, RECOVERED],
  ])("puts a volume aside %s", async (_, record, id, order) => {
    const { config, data } = lay(record, { order });
    const history = readdirSync(join(data, "version-2"));
    await obey(config, id);
    expect(readdirSync(data)).toEqual([`before-${NEW}`]);
    expect(readdirSync(join(data, `before-${NEW}`))).toEqual(history);
    await obey(config, id);
    expect(readdirSync(data)).toEqual([`before-${NEW}`]);
    // Somebody moves it back, or restores a backup.
    cpSync(join(data, `before-${NEW}`), join(data, "version-2"), { recursive: true });
    await obey(config, id);
    expect(readdirSync(data).sort()).toEqual([`before-${NEW}`, `before-${NEW}-2`]);
  });

  it.each([
    ["of another ensemble", "their-uid"],
    ["of the recovered ensemble", NEW],
  ])("leaves a volume %s alone", async (_, ensembleId) => {
    for (const id of [1, 2]) {
      const { config, data } = lay({ ensembleId });
      await obey(config, id);
      expect(readdirSync(data)).toEqual(["version-2"]);
      expect(JSON.parse(read(data, "volume.json"))).toMatchObject({ ensembleId });
      expect(existsSync(join(data, "version-2", "activeConfig"))).toBe(false);
    }
  });

  it("refuses a survivor that has less than was accepted, or has lost its data", async () => {
    const behind = lay({}, { order: "lostUid=old-uid\nsurvivor=1\nzxid=0xffff00000000\n" });
    await expect(obey(behind.config, 1)).rejects.toThrow("expected 0xffff00000000");
    const lost = lay({ isIncomplete: true });
    await expect(obey(lost.config, 1)).rejects.toThrow(RecoverError);
    for (const { data } of [behind, lost]) {
      expect(JSON.parse(read(data, "volume.json"))).toMatchObject({ ensembleId: "old-uid" });
    }
  });

  it("refuses settings of before the recovery, and an order that it does not understand", async () => {
    const early = lay({}, { uid: "old-uid" });
    await expect(obey(early.config, 1)).rejects.toThrow(ConfigError);
    await expect(obey(early.config, 2)).rejects.toThrow("are not here yet");
    const strange = lay({}, { order: "survivor=1\n" });
    await expect(obey(strange.config, 2)).rejects.toThrow("what the operator says of a recovery");
    for (const { data } of [early, strange]) expect(readdirSync(data)).toEqual(["version-2"]);
  });
});
