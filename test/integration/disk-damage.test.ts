/**
 * Servers whose disks lose data or fail: a damaged history is moved aside and fetched anew where
 * others have it, and refused where nobody has; a failed sync ends a server, and nothing is
 * acknowledged after it; a sync that does not end takes the lead from a leader.
 */
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { askFourLetterWord } from "../compat/support/four-letter-word.ts";
import { describeWithDiskFaults, diskFaults } from "../support/disk-faults.ts";
import { TestEnsemble, eventually } from "./support/test-ensemble.ts";
import { dumpTree, formatDump } from "./support/tree-dump.ts";

const WRITES = 60;
const TEST_TIMEOUT_MS = 120_000;

async function start(count: number): Promise<TestEnsemble> {
  const ensemble = await TestEnsemble.start(count, { preAllocSize: 64 });
  onTestFinished(() => ensemble.dispose());
  return ensemble;
}

/** Three servers, each with a disk that fails on demand, and the one of them to hurt. */
async function startWithFaults(who: "leader" | "follower") {
  const disks = [1, 2, 3].map(() => diskFaults());
  const envOf = (id: number) => disks[id - 1]!.env;
  const ensemble = await TestEnsemble.start(3, { preAllocSize: 64 }, [], envOf);
  onTestFinished(() => ensemble.dispose());
  const [follower] = await ensemble.followers();
  const hurt = who === "leader" ? await ensemble.whenLed() : follower!;
  const others = ensemble.ids.filter((id) => id !== hurt);
  return { ensemble, hurt, others, faults: disks[hurt - 1]! };
}

/** Writes nodes through the servers `ids`; resolves to their paths. */
async function write(
  ensemble: TestEnsemble,
  root: string,
  ids = ensemble.ids,
): Promise<readonly string[]> {
  const client = await EnsembleClient.connect(ensemble.connectString(ids));
  const made: Promise<string>[] = [];
  for (let n = 0; n < WRITES; n++) made.push(client.create(`${root}-${n}`, Buffer.alloc(100, "x")));
  const paths = await Promise.all(made);
  await client.close();
  return paths;
}

async function expectAll(ensemble: TestEnsemble, id: number, paths: readonly string[]) {
  const dump = await dumpTree(ensemble.connectString([id]));
  expect(paths.filter((name) => !dump.has(name))).toEqual([]);
}

async function expectEqualTrees(ensemble: TestEnsemble): Promise<void> {
  const [first, ...others] = await Promise.all(
    ensemble.ids.map((id) => dumpTree(ensemble.connectString([id]))),
  );
  for (const other of others) expect(formatDump(other)).toEqual(formatDump(first!));
}

function versionFolder(ensemble: TestEnsemble, id: number): string {
  return path.join(ensemble.member(id).dataFolder, "version-2");
}

/** Changes one bit in the middle of the longest log; returns the file. */
function damageLog(ensemble: TestEnsemble, id: number): string {
  const folder = versionFolder(ensemble, id);
  const logs = readdirSync(folder).filter((name) => name.startsWith("log."));
  const files = logs.map((name) => path.join(folder, name));
  files.sort((left, right) => statSync(right).size - statSync(left).size);
  const file = files[0]!;
  const bytes = readFileSync(file);
  bytes[2000]! ^= 0x20;
  writeFileSync(file, bytes);
  return file;
}

/** A number that a server gives in `mntr`. */
async function metric(ensemble: TestEnsemble, id: number, name: string): Promise<number> {
  const answer = await askFourLetterWord("127.0.0.1", ensemble.clientPort(id), "mntr", 5_000);
  return Number(new RegExp(`^zk_${name}\\t(.*)$`, "mu").exec(answer)?.[1]);
}

describe("A history that is damaged", () => {
  it("is moved aside and fetched anew from the leader", { timeout: TEST_TIMEOUT_MS }, async () => {
    const ensemble = await start(3);
    const before = await write(ensemble, "/before");
    const [hurt] = await ensemble.followers();
    await ensemble.kill(hurt!);
    const file = damageLog(ensemble, hurt!);
    await ensemble.startServer(hurt!);
    await ensemble.whenServing([hurt!]);
    await expectAll(ensemble, hurt!, before);
    const quarantined = path.join(versionFolder(ensemble, hurt!), "quarantine-1");
    expect(readdirSync(quarantined)).toContain(path.basename(file));
    const errors = ensemble.log(hurt!).filter(({ level }) => level === "error");
    expect(errors).toMatchObject([{ file, folder: quarantined }]);
    expect(errors[0]?.["offset"]).toBeGreaterThan(16);
    expect(await metric(ensemble, hurt!, "ensemble_quarantined_histories")).toBe(1);
    expect(await metric(ensemble, hurt!, "ensemble_resyncing_after_damage")).toBe(0);

    const after = await write(ensemble, "/after", [hurt!]);
    await ensemble.kill(...ensemble.ids);
    for (const id of ensemble.ids) await ensemble.startServer(id);
    await ensemble.whenServing();
    await expectAll(ensemble, hurt!, [...before, ...after]);
    await expectEqualTrees(ensemble);
  });

  it("has no vote until it was fetched anew", { timeout: TEST_TIMEOUT_MS }, async () => {
    const ensemble = await start(3);
    const [hurt, away] = await ensemble.followers();
    const leader = await ensemble.whenLed();
    await ensemble.kill(away!);
    // Acknowledged by the leader and the one that will lose it.
    const paths = await write(ensemble, "/acknowledged", [leader]);
    await ensemble.kill(hurt!, leader);
    damageLog(ensemble, hurt!);
    await ensemble.startServer(hurt!);
    await ensemble.startServer(away!);
    const isMovedAside = (): boolean =>
      ensemble.log(hurt!).some(({ message }) => message.startsWith("Damaged history moved aside"));
    await eventually("the damage is found", isMovedAside);
    await expect(ensemble.whenLed([hurt!, away!], 4_000)).rejects.toThrow("leads");
    await ensemble.startServer(leader);
    await ensemble.whenServing();
    for (const id of ensemble.ids) await expectAll(ensemble, id, paths);
    await expectEqualTrees(ensemble);
  });

  it("is refused with instructions by a server that is alone", async () => {
    const ensemble = await start(1);
    await write(ensemble, "/alone");
    await ensemble.kill(1);
    const file = damageLog(ensemble, 1);
    const names = readdirSync(versionFolder(ensemble, 1)).sort();
    await ensemble.startServer(1);
    expect(await ensemble.process(1).exited).toBe("exit code 1");
    const output = readFileSync(ensemble.process(1).logPath, "utf8");
    expect(output).toContain(`damaged record at offset`);
    expect(output).toContain(`ensemble inspect log --recover ${file}`);
    expect(readdirSync(versionFolder(ensemble, 1)).sort()).toEqual(names);
  });
});

describeWithDiskFaults("A disk whose syncs fail", () => {
  it.each(["leader", "follower"] as const)(
    "ends the %s, and nothing that it acknowledged is lost",
    { timeout: TEST_TIMEOUT_MS },
    async (who) => {
      const { ensemble, hurt, others, faults } = await startWithFaults(who);
      const before = await write(ensemble, "/before", others);
      faults.begin("fail", "/log.");
      const after = write(ensemble, "/after", others).catch(() => []);
      expect(await ensemble.process(hurt).exited).toBe("exit code 74");
      await after;
      const errors = ensemble.log(hurt).filter(({ level }) => level === "error");
      expect(JSON.stringify(errors)).toContain("EIO");
      await ensemble.whenServing(others);
      const alone = await write(ensemble, "/alone", others);
      faults.end();
      await ensemble.startServer(hurt);
      await ensemble.whenServing();
      await expectAll(ensemble, hurt, [...before, ...(await after), ...alone]);
      await expectEqualTrees(ensemble);
    },
  );
});

describeWithDiskFaults("A disk whose syncs do not end", () => {
  it("takes the lead from a leader, and others go on", { timeout: TEST_TIMEOUT_MS }, async () => {
    const { ensemble, hurt, others, faults } = await startWithFaults("leader");
    const before = await write(ensemble, "/before");
    faults.begin("hang", "/log.");
    const during = write(ensemble, "/during", others).catch(() => []);
    const isOver = (): boolean =>
      ensemble.log(hurt).some(({ reason }) => String(reason).startsWith("The disk is stalled"));
    await eventually("the leader leaves the lead", isOver);
    await ensemble.whenLed(others);
    const after = await write(ensemble, "/after", others);
    faults.end();
    await ensemble.whenServing();
    await expectAll(ensemble, hurt, [...before, ...(await during), ...after]);
    await expectEqualTrees(ensemble);
  });

  it("makes a follower unready", { timeout: TEST_TIMEOUT_MS }, async () => {
    const { ensemble, hurt, others, faults } = await startWithFaults("follower");
    faults.begin("hang", "/log.");
    const paths = await write(ensemble, "/hung", others);
    const isStalled = async (): Promise<boolean> =>
      (await metric(ensemble, hurt, "ensemble_disk_stalled")) === 1;
    await eventually("the stall is reported", isStalled);
    faults.end();
    await eventually("the disk goes on", async () => !(await isStalled()));
    await ensemble.whenServing();
    await expectAll(ensemble, hurt, paths);
  });
});
