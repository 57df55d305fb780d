/**
 * Members come, move and go while clients write: nothing acknowledged is lost, and what counts after
 * a restart is what was in force, whatever the configuration files say.
 */
import { mkdir, readFile, readdir } from "node:fs/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import type { EnsembleClient, MembershipChange } from "../../src/client/index.ts";
import { ChangingEnsemble } from "./support/changing-ensemble.ts";
import { eventually } from "./support/test-ensemble.ts";
import { dumpTree, formatDump } from "./support/tree-dump.ts";
import { Workload } from "./support/workload.ts";
import { findViolations } from "./support/write-history.ts";

const timeout = 180_000;

async function start(count: number, folderCount: number, config = {}): Promise<ChangingEnsemble> {
  const ensemble = await ChangingEnsemble.start(count, folderCount, config);
  onTestFinished(() => ensemble.dispose());
  return ensemble;
}

/** Starts a server that knows the members `ids`, and makes it a voter as soon as it has the data. */
async function join(ensemble: ChangingEnsemble, id: number, ids: readonly number[]): Promise<void> {
  await ensemble.begin(id, [...ids, id], { [id]: "observer" });
  await ensemble.whenServing(id);
  await ensemble.reconfigure(ids, { add: [ensemble.line(id)] });
}

async function failureOf(client: EnsembleClient, change: MembershipChange, fromVersion = -1n) {
  const outcome = client.reconfigure(change, { fromVersion });
  return outcome.then(
    () => "success",
    (error: unknown) => (error as { code: string }).code,
  );
}

/** Waits until these servers show the same members. */
async function whenAgreed(ensemble: ChangingEnsemble, ...ids: readonly number[]): Promise<string> {
  let texts: readonly string[] = [];
  const clients = await Promise.all(ids.map((id) => ensemble.client(id)));
  await eventually(`servers ${ids.join(", ")} show the same members`, async () => {
    texts = await Promise.all(clients.map(async (client) => (await client.getConfig()).text));
    return new Set(texts).size === 1;
  });
  return texts[0]!;
}

describe("A reconfiguration", () => {
  test("takes a server in, first as an observer; watches fire", { timeout }, async () => {
    const ensemble = await start(3, 4);
    const client = await ensemble.client(1, 2, 3);
    const events: string[] = [];
    const before = await client.getConfig({ watch: ({ path }) => events.push(path) });
    expect(before.version).toBeGreaterThan(0n);
    await ensemble.begin(4, [1, 2, 3, 4], { 4: "observer" });
    await ensemble.whenServing(4);
    const joined = await client.reconfigure({ add: [ensemble.line(4, "observer")] });
    expect(joined.text).toContain(ensemble.line(4, "observer"));
    expect(joined.stat).toMatchObject({ version: -1, mzxid: joined.version });
    expect(events).toEqual(["/zookeeper/config"]);
    const promoted = await ensemble.reconfigure([1, 2, 3], { add: [ensemble.line(4)] });
    expect(promoted.text).toContain(ensemble.line(4));
    expect(await whenAgreed(ensemble, 1, 2, 3, 4)).toBe(promoted.text);
  });

  test("is refused with the reason, and changes nothing then", { timeout }, async () => {
    const ensemble = await start(3, 5, { standaloneEnabled: true });
    const client = await ensemble.client(1, 2, 3);
    const { version, text } = await client.getConfig();
    const observer = { add: [ensemble.line(4, "observer")] };
    expect(await failureOf(client, observer, version - 1n)).toBe("badVersion");
    expect(await failureOf(client, { remove: [2, 3] })).toBe("badArguments");
    expect(await failureOf(client, { add: ["server.4=h:1:2"] })).toBe("badArguments");
    const absent = { members: [ensemble.line(1), ensemble.line(4), ensemble.line(5)] };
    expect(await failureOf(client, absent)).toBe("newConfigNoQuorum");
    expect((await client.getConfig()).text).toBe(text);
    expect(await failureOf(client, observer, version)).toBe("success");
    expect(await failureOf(client, observer, version)).toBe("badVersion");
  });

  test("needs write access to the configuration's node", { timeout }, async () => {
    const superDigest = "super:D/InIHSb7yEEbrWz8b9l71RjZJU="; // super:test
    const key = "DigestAuthenticationProvider.superDigest";
    const ensemble = await start(3, 4, { skipACL: "no", [key]: superDigest });
    const client = await ensemble.client(2);
    const change = { add: [ensemble.line(4, "observer")] };
    expect(await failureOf(client, change)).toBe("noAuth");
    await client.addAuth("digest", "super:test");
    expect(await failureOf(client, change)).toBe("success");
  });

  test(
    "is refused as disabled unless it is enabled, and no file changes",
    { timeout },
    async () => {
      const ensemble = await start(3, 4, { reconfigEnabled: false });
      const client = await ensemble.client(1);
      expect(await failureOf(client, { remove: [3] })).toBe("reconfigDisabled");
      expect((await client.getConfig()).version).toBe(0n);
      const names = await readdir(ensemble.folder(1));
      expect(names.filter((name) => name.startsWith("zoo.cfg"))).toEqual(["zoo.cfg"]);
    },
  );

  test("hands the ensemble on when it removes the leader", { timeout }, async () => {
    const ensemble = await start(3, 3);
    const leader = await ensemble.whenLed(1, 2, 3);
    const others = [1, 2, 3].filter((id) => id !== leader);
    const client = await ensemble.client(...others);
    await client.create("/before", "x");
    await ensemble.reconfigure(others, { remove: [leader] });
    await ensemble.whenLed(...others);
    const after = await ensemble.client(...others);
    expect((await after.getData("/before")).data?.toString()).toBe("x");
    await after.create("/after", "y");
    // It has no vote any more, and still gets everything.
    const removed = await ensemble.client(leader);
    await removed.sync("/");
    expect((await removed.getData("/after")).data?.toString()).toBe("y");
    expect(await whenAgreed(ensemble, 1, 2, 3)).not.toContain(`server.${leader}=`);
  });

  test("changes the addresses of all members, one by one", { timeout }, async () => {
    const ensemble = await start(3, 3);
    const client = await ensemble.client(1, 2, 3);
    await client.create("/kept", "x");
    for (const id of [1, 2, 3]) {
      const others = [1, 2, 3].filter((other) => other !== id);
      await ensemble.movePorts(id);
      await ensemble.reconfigure(others, { add: [ensemble.line(id)] });
      await eventually(
        `server ${id} serves where it is now`,
        async () => ["leader", "follower"].includes((await ensemble.mode(id)) ?? ""),
        60_000,
      );
    }
    const moved = await ensemble.client(1, 2, 3);
    expect((await moved.getData("/kept")).data?.toString()).toBe("x");
    const text = await whenAgreed(ensemble, 1, 2, 3);
    for (const id of [1, 2, 3]) expect(text).toContain(ensemble.line(id));
    await moved.create("/after");
  });
});

describe("After a restart", () => {
  test("the members in force count, not files that were left behind", { timeout }, async () => {
    const ensemble = await start(3, 4);
    await join(ensemble, 4, [1, 2, 3]);
    const { text } = await ensemble.reconfigure([1, 2, 4], { remove: [3] });
    expect(await whenAgreed(ensemble, 1, 2, 4)).toBe(text);
    await ensemble.kill(1, 2, 3, 4);
    for (const id of [1, 2]) await ensemble.begin(id, [1, 2, 3]);
    await ensemble.begin(4, [1, 2, 3, 4], { 4: "observer" });
    await ensemble.whenServing(1, 2, 4);
    expect(await whenAgreed(ensemble, 1, 2, 4)).toBe(text);
    // Two of three voters are enough, whatever server 3 would say.
    await ensemble.kill(1);
    await ensemble.whenServing(2, 4);
    const client = await ensemble.client(2, 4);
    await client.create("/goes-on");
    // The removed server's own file still lists it: it comes back without a vote.
    await ensemble.begin(3, [1, 2, 3]);
    await ensemble.whenServing(3);
    expect(await whenAgreed(ensemble, 2, 3, 4)).toBe(text);
  });

  test("a configuration file that cannot be written makes no difference", { timeout }, async () => {
    const ensemble = await ChangingEnsemble.prepare(3);
    onTestFinished(() => ensemble.dispose());
    for (const id of [1, 2, 3]) {
      // What stands in the way of the first file that a server would write.
      await mkdir(`${ensemble.configFile(id)}.dynamic.100000000.tmp`);
      await ensemble.begin(id, [1, 2, 3]);
    }
    await ensemble.whenServing(1, 2, 3);
    const before = await readFile(ensemble.configFile(1), "utf8");
    const { version } = await (await ensemble.client(1)).getConfig();
    expect(version).toBe(0x100000000n);
    await ensemble.kill(1, 2, 3);
    expect(await readFile(ensemble.configFile(1), "utf8")).toBe(before);
    for (const id of [1, 2, 3]) await ensemble.startServer(id);
    await ensemble.whenServing(1, 2, 3);
    expect((await (await ensemble.client(1)).getConfig()).version).toBe(version);
  });
});

test("From one voter to three, five, three and one under load", { timeout }, async () => {
  const ensemble = await start(1, 5);
  const load = await Workload.start(ensemble.connectString(1, 2, 3, 4, 5), "/load");
  const members = [1];
  for (const id of [2, 3, 4, 5]) {
    await join(ensemble, id, members);
    members.push(id);
    await load.progress(10);
  }
  expect(await whenAgreed(ensemble, ...members)).toMatch(/(.*:participant;.*\n){5}version=/u);
  const leader = await ensemble.whenLed(...members);
  const leaving = [leader, ...members.filter((id) => id !== leader)].slice(0, 2);
  let left = members.filter((id) => !leaving.includes(id));
  await ensemble.reconfigure(left, { remove: leaving });
  await ensemble.kill(...leaving);
  await load.progress(20);
  const [last, ...others] = left;
  await ensemble.reconfigure(left, { remove: others });
  await ensemble.kill(...others);
  left = [last!];
  await load.progress(20);
  const history = await load.finish();
  const tree = await dumpTree(ensemble.connectString(...left));
  expect(findViolations(history, tree)).toEqual([]);
  await ensemble.kill(...left);
  await ensemble.startServer(last!);
  await ensemble.whenServing(last!);
  const again = await dumpTree(ensemble.connectString(...left));
  expect(formatDump(again)).toEqual(formatDump(tree));
});
