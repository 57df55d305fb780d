/**
 * An empty disk never votes where an ensemble begins explicitly: servers that have lost their disks
 * get the data from those who have it, or nothing forms, and everybody says why.
 */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { TestEnsemble, eventually } from "./support/test-ensemble.ts";
import { dumpTree, formatDump } from "./support/tree-dump.ts";

const explicit = {
  "ensemble.bootstrap": "explicit",
  "admin.enableServer": true,
  "admin.serverPort": 0,
};

/** What a server's disk says of itself. */
function volumeOf(ensemble: TestEnsemble, id: number): Record<string, unknown> {
  const file = path.join(ensemble.member(id).dataFolder, "version-2", "volume.json");
  return JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
}

/** Codes of the causes for which a server is not ready, and the messages, by code. */
async function causes(ensemble: TestEnsemble, id: number): Promise<Map<string, string>> {
  const log = ensemble.log(id).filter(({ message }) => message === "Admin server is listening");
  const port = Number(log.at(-1)?.["port"]);
  const response = await fetch(`http://127.0.0.1:${port}/readyz`);
  const answer = (await response.json()) as { causes?: { code: string; message: string }[] };
  return new Map((answer.causes ?? []).map(({ code, message }) => [code, message]));
}

describe("An ensemble that begins explicitly", () => {
  let ensemble: TestEnsemble;

  afterEach(() => ensemble.dispose());

  const write = async (node: string, ids: readonly number[]): Promise<void> => {
    const client = await EnsembleClient.connect(ensemble.connectString(ids));
    await client.create(node, "kept");
    await client.close();
  };

  it("has one identity, on all disks", async () => {
    ensemble = await TestEnsemble.start(3, explicit);
    // A learner that serves is told that the identity is for good while it writes it down.
    const volumesNow = (): ReturnType<typeof volumeOf>[] =>
      ensemble.ids.map((id) => volumeOf(ensemble, id));
    await eventually("all know it for good", () =>
      volumesNow().every((volume) => volume?.["isIdSettled"] === true),
    );
    const volumes = volumesNow();
    expect(volumes[0]?.["ensembleId"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(volumes[1]).toEqual(volumes[0]);
    expect(volumes[2]).toEqual(volumes[0]);
    expect(volumes[0]).toMatchObject({ isIdSettled: true, isIncomplete: false });
  });

  it("forms no quorum of empty disks, and loses nothing when the disks come back", async () => {
    ensemble = await TestEnsemble.start(3, explicit);
    await write("/before", [1, 2, 3]);
    await ensemble.kill(1, 2, 3);
    await ensemble.wipe(2, 3);
    for (const id of [1, 2, 3]) await ensemble.startServer(id);
    await eventually("everybody says why", async () => {
      const all = await Promise.all([1, 2, 3].map((id) => causes(ensemble, id).catch(() => null)));
      return all.every((found) => found?.has("too-few-whole-disks"));
    });
    const [one, two, three] = await Promise.all([1, 2, 3].map((id) => causes(ensemble, id)));
    expect(one!.get("too-few-whole-disks")).toContain("servers 2, 3");
    expect([...one!.keys()]).not.toContain("incomplete-disk");
    for (const found of [two!, three!]) {
      expect([...found.keys()]).toEqual(
        expect.arrayContaining(["looking-for-leader", "incomplete-disk", "too-few-whole-disks"]),
      );
    }
    // They go on looking for as long as an election takes, and longer.
    await expect(ensemble.whenLed([1, 2, 3], 3000)).rejects.toThrow("leads");
    expect(volumeOf(ensemble, 2)).toMatchObject({ isIncomplete: true });
    // A crash on the way makes no voter of an empty disk either.
    await ensemble.kill(2, 3);
    for (const id of [2, 3]) await ensemble.startServer(id);
    await expect(ensemble.whenLed([1, 2, 3], 3000)).rejects.toThrow("leads");
  });

  it("gives its data to a server that has lost its disk, which then votes again", async () => {
    ensemble = await TestEnsemble.start(3, explicit);
    await write("/before", [1, 2, 3]);
    await ensemble.kill(1);
    await ensemble.wipe(1);
    await write("/while-away", [2, 3]);
    await ensemble.startServer(1);
    await ensemble.whenServing();
    expect(volumeOf(ensemble, 1)).toEqual(volumeOf(ensemble, 2));
    // Its vote counts again: with it, two are a quorum.
    await ensemble.kill(2);
    await ensemble.whenServing([1, 3]);
    await write("/after", [1]);
    await ensemble.startServer(2);
    await ensemble.whenServing();
    const dumps = await Promise.all(
      ensemble.ids.map((id) => dumpTree(ensemble.connectString([id]))),
    );
    const [first, ...others] = dumps.map(formatDump);
    expect(first!.join("\n")).toContain("/while-away");
    for (const other of others) expect(other).toEqual(first);
  });

  it("refuses a disk of another ensemble, by what is configured and by what the leader has", async () => {
    ensemble = await TestEnsemble.start(3, explicit);
    await ensemble.kill(1);
    const foreign = { ...volumeOf(ensemble, 1), ensembleId: "another" };
    const { dataFolder, zooCfgPath } = ensemble.member(1);
    writeFileSync(path.join(dataFolder, "version-2", "volume.json"), JSON.stringify(foreign));
    await ensemble.startServer(1);
    await eventually("both sides say so", async () => {
      const leader = await ensemble.whenLed([2, 3]);
      const refused = ensemble
        .log(leader)
        .some(({ message }) => message.includes("disk belongs to another ensemble"));
      const found = await causes(ensemble, 1).catch(() => new Map());
      return refused && found.has("wrong-ensemble");
    });
    await ensemble.kill(1);
    appendFileSync(zooCfgPath, `ensemble.id=${String(volumeOf(ensemble, 2)["ensembleId"])}\n`);
    await ensemble.startServer(1);
    await eventually("the server gives up", () => ensemble.process(1).hasExited());
    const [last] = ensemble.log(1).filter(({ level }) => level === "error");
    expect(JSON.stringify(last)).toContain("belongs to ensemble 'another'");
  });
});
