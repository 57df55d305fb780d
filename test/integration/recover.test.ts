/**
 * `ensemble recover` from end to end: two of three servers lose their disks for good, the third one
 * becomes an ensemble of its own, the others join it with empty disks and become voters again.
 */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { runCommand } from "../compat/support/run-command.ts";
import { TestEnsemble } from "./support/test-ensemble.ts";
import { dumpTree, formatDump } from "./support/tree-dump.ts";

const ENTRY_POINT = fileURLToPath(new URL("../../src/main/ensemble.ts", import.meta.url));

describe("ensemble recover", () => {
  let ensemble: TestEnsemble;

  beforeAll(async () => {
    ensemble = await TestEnsemble.start(3, { "ensemble.bootstrap": "explicit" });
  });

  afterAll(() => ensemble.dispose());

  const recover = (id: number, ...flags: string[]) => {
    const { zooCfgPath, folder } = ensemble.member(id);
    const args = [ENTRY_POINT, "recover", zooCfgPath, ...flags];
    return runCommand(process.execPath, args, { cwd: folder, allowFailure: true });
  };

  const read = async (node: string, ids: readonly number[]): Promise<string | undefined> => {
    const client = await EnsembleClient.connect(ensemble.connectString(ids));
    const { data } = await client.getData(node);
    await client.close();
    return data?.toString();
  };

  it("does nothing to a server that runs, or to one without data", async () => {
    const running = await recover(1, "--accept-data-loss");
    expect(running.exitCode).toBe(1);
    expect(running.stderr).toContain("another server is running on it");
    await ensemble.kill(3);
    await ensemble.wipe(3);
    expect((await recover(3, "--accept-data-loss")).exitCode).toBe(1);
    await ensemble.startServer(3);
    await ensemble.whenServing();
  });

  it("makes an ensemble of the survivor, which the others join with empty disks", async () => {
    const client = await EnsembleClient.connect(ensemble.connectString());
    await client.create("/kept", "by all");
    await client.close();
    // Server 1 ends in order: what only the other two have on disk would be lost, rightly.
    await ensemble.process(1).stop();
    await ensemble.kill(2, 3);
    await ensemble.wipe(2, 3);
    const before = ensemble.ids.map((id) => readFileSync(ensemble.member(id).zooCfgPath, "utf8"));

    const asked = await recover(1);
    expect(asked.exitCode).toBe(1);
    expect(asked.stdout).toContain("What may be lost: everything acknowledged after 0x");
    expect(asked.stderr).toContain("Nothing was changed");
    expect(readFileSync(ensemble.member(1).zooCfgPath, "utf8")).toBe(before[0]);

    const done = await recover(1, "--accept-data-loss");
    expect(done.stderr).toBe("");
    expect(done.exitCode).toBe(0);
    const names = readdirSync(ensemble.member(1).folder);
    const dynamicName = names.find((name) => name.startsWith("zoo.cfg.dynamic."))!;
    const backup = names.find((name) => name.startsWith("zoo.cfg.before-"))!;
    const backupPath = path.join(ensemble.member(1).folder, backup);
    expect(readFileSync(backupPath, "utf8")).toBe(before[0]);

    await ensemble.startServer(1);
    await ensemble.whenServing([1]);
    expect(await read("/kept", [1])).toBe("by all");

    // The others get the survivor's membership, and their data from it.
    const dynamicFile = path.join(ensemble.member(1).folder, dynamicName);
    for (const id of [2, 3]) {
      const { zooCfgPath } = ensemble.member(id);
      const kept = before[id - 1]!.replaceAll(/^server\..*\n/gmu, "");
      const added = `standaloneEnabled=false\ndynamicConfigFile=${dynamicFile}\n`;
      writeFileSync(zooCfgPath, kept + added);
      await ensemble.startServer(id);
    }
    await ensemble.whenServing();
    expect(await read("/kept", [3])).toBe("by all");

    // All have the data now: as voters again, they can do without the survivor.
    await ensemble.kill(1, 2, 3);
    for (const id of ensemble.ids) {
      writeFileSync(ensemble.member(id).zooCfgPath, before[id - 1]!);
      await ensemble.startServer(id);
    }
    await ensemble.whenServing();
    const dumps = await Promise.all(
      ensemble.ids.map((id) => dumpTree(ensemble.connectString([id]))),
    );
    const [first, ...others] = dumps.map(formatDump);
    for (const other of others) expect(other).toEqual(first);
    await ensemble.kill(1);
    await ensemble.whenServing([2, 3]);
    expect(await read("/kept", [2, 3])).toBe("by all");
  });
});
