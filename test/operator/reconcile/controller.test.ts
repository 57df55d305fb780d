/**
 * The controller on a fake API server, with what Kubernetes does with StatefulSets, and members
 * without servers: what it comes to, and that it may be stopped anywhere on the way.
 */

import { afterEach, expect, test } from "vitest";
import { World } from "./support/world.ts";

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(): Promise<World> {
  const world = await World.open();
  closers.push(() => world.close());
  return world;
}

function isReady(world: World): boolean {
  const { metadata, status } = world.ensemble() as { metadata: object; status?: object };
  const seen = (status as { observedGeneration?: number } | undefined)?.observedGeneration;
  const { generation } = metadata as { generation?: number };
  return seen === generation && world.condition("Ready") === "True/AsWanted";
}

/** An ensemble that serves. */
async function formed(replicas: number): Promise<World> {
  const world = await open();
  world.apply({ replicas });
  world.startOperator();
  await world.until(() => isReady(world));
  return world;
}

test("three members form, once", async () => {
  const world = await formed(3);
  const members = world.members();
  expect(members.committed?.voters).toEqual([1, 2, 3]);
  expect(members.foundings).toBe(1);
  expect(world.ensemble()["status"]).toMatchObject({
    phase: "Running",
    founders: [],
    replicas: 3,
    readyReplicas: 3,
    memberSummary: "3/3",
    leader: "zk-2",
    version: "1.0.0",
  });
  expect(world.server.get("configmaps", "zk-config")?.["data"]).not.toHaveProperty("founders");
  expect(world.events()).toEqual(expect.arrayContaining(["Forming", "Formed", "Ready"]));
  const roles = world.server.all("pods").map(({ metadata }) => metadata["labels"]);
  expect(roles).toEqual(Array(3).fill(expect.objectContaining({ "ensemble.dev/role": "voter" })));
});

test("members come and go one at a time, and no quorum is lost", async () => {
  const world = await formed(3);
  const members = world.members();
  world.apply({ replicas: 5 });
  await world.until(() => isReady(world));
  expect(members.committed?.voters).toEqual([1, 2, 3, 4, 5]);
  world.apply({ replicas: 3, observers: 1 });
  await world.until(() => isReady(world));
  expect(members.committed).toMatchObject({ voters: [1, 2, 3], observers: [101] });
  expect(members.deeds).toEqual([
    "add 4 as participant",
    "add 5 as participant",
    "remove 5",
    "remove 4",
    "add 101 as observer",
  ]);
  expect(members.quorumLosses).toBe(0);
  expect(world.server.all("pods").map(({ metadata }) => metadata.name)).toEqual(
    expect.arrayContaining(["zk-0", "zk-1", "zk-2", "zk-observers-0"]),
  );
});

test("a roll takes the leader last, after a hand-over, and each restart has its reason", async () => {
  const world = await formed(3);
  const members = world.members();
  const before = new Set(world.server.all("pods").map(({ metadata }) => metadata.uid));
  const deleted: string[] = [];
  const leaders: (number | null)[] = [];
  world.server.onDelete = (plural, name) => {
    if (plural !== "pods") return;
    deleted.push(name);
    leaders.push(members.leader);
  };
  world.apply({ config: { tickTime: "3000" } });
  await world.until(() => isReady(world));
  expect(deleted.length).toBe(3);
  expect(world.server.all("pods").some(({ metadata }) => before.has(metadata.uid))).toBe(false);
  deleted.forEach((name, index) => expect(name).not.toBe(`zk-${Number(leaders[index]) - 1}`));
  expect(members.elections).toBe(0);
  expect(members.quorumLosses).toBe(0);
  expect(world.events().filter((reason) => reason === "OutOfDate").length).toBe(3);
});

test("who comes no closer for too long is said to, also after another start, and goes on", async () => {
  const world = await formed(3);
  const members = world.members();
  members.stuck.add(4);
  world.apply({ replicas: 5, progressDeadlineSeconds: 60 });
  const progress = (): { since: string } | undefined =>
    (world.ensemble()["status"] as { progress?: { since: string } }).progress;
  await world.until(() => world.condition("Progressing") === "True/Scaling");
  const since = progress()?.since;
  await world.until(() => Date.parse(world.now()) - Date.parse(since ?? "") > 40_000);
  expect(world.condition("Progressing")).not.toContain("DeadlineExceeded");
  await world.stopOperators();
  world.startOperator();
  await world.until(() => world.condition("Progressing") === "False/DeadlineExceeded");
  expect(Date.parse(world.now()) - Date.parse(since ?? "")).toBeLessThan(70_000);
  expect(progress()?.since).toBe(since);
  expect(world.events()).toContain("DeadlineExceeded");
  members.stuck.delete(4);
  await world.until(() => isReady(world));
  expect(world.condition("Progressing")).toBe("False/AsWanted");
  expect(progress()).toBeUndefined();
  expect(members.committed?.voters).toEqual([1, 2, 3, 4, 5]);
});

test("an operator that is stopped between any two writes is carried on by the next", async () => {
  const world = await open();
  world.apply({ replicas: 3 });
  let writes = 0;
  const stopEvery = 3;
  let operator = world.startOperator();
  const goOn = async (isSo: () => boolean): Promise<void> => {
    let seen = world.server.writes;
    await world.until(() => {
      if (world.server.writes - seen >= stopEvery) return true;
      return isSo();
    });
    seen = world.server.writes;
    if (isSo()) return;
    writes += 1;
    await operator.stop();
    operator = world.startOperator();
    await goOn(isSo);
  };
  await goOn(() => isReady(world));
  world.apply({ replicas: 5, config: { tickTime: "3000" } });
  await goOn(() => isReady(world));
  world.apply({ replicas: 3 });
  await goOn(() => isReady(world));
  const members = world.members();
  expect(members.committed?.voters).toEqual([1, 2, 3]);
  expect(members.foundings).toBe(1);
  expect(members.quorumLosses).toBe(0);
  expect(writes).toBeGreaterThan(10);
});

test("of two operators with a lease one acts, and the other goes on where it stopped", async () => {
  const world = await open();
  world.apply({ replicas: 3 });
  const first = world.startOperator("first");
  world.startOperator("second");
  await world.until(() => isReady(world));
  await first.stop();
  world.apply({ replicas: 5 });
  await world.until(() => isReady(world));
  expect(world.members().committed?.voters).toEqual([1, 2, 3, 4, 5]);
  expect(world.members().quorumLosses).toBe(0);
});

test("nothing is written while nothing changes, and the watches are all that is read", async () => {
  const world = await formed(3);
  for (let step = 0; step < 50; step += 1) await world.step();
  const before = world.server.requests.length;
  // Ten minutes.
  for (let step = 0; step < 3000; step += 1) await world.step();
  const calls = world.server.requests.slice(before).filter(({ verb }) => verb !== "WATCH");
  expect(calls.map(({ verb, path }) => `${verb} ${path}`)).toEqual([]);
});

test("a paused ensemble is looked at and left alone", async () => {
  const world = await formed(3);
  world.apply({ paused: true, replicas: 5 });
  await world.until(() => world.condition("Progressing") === "False/Paused");
  const before = world.members().committed;
  for (let step = 0; step < 200; step += 1) await world.step();
  expect(world.members().committed).toBe(before);
  expect(world.server.all("pods").length).toBe(3);
  expect(world.condition("ScaleAllowed")).toBe("False/Paused");
});

test("a specification that cannot be had changes nothing, and the status keeps its record", async () => {
  const world = await formed(3);
  world.apply({ replicas: 5, tls: { client: { secretName: "tls" } } });
  await world.until(() => world.condition("Progressing") === "False/SpecRefused");
  for (let step = 0; step < 100; step += 1) await world.step();
  expect(world.server.all("pods").length).toBe(3);
  expect(world.ensemble()["status"]).toMatchObject({ phase: "Running", sizes: { members: 3 } });
  expect(world.events()).toContain("SpecRefused");
});

test("without a quorum the membership stays, and goes on when the quorum is back", async () => {
  const world = await formed(3);
  const members = world.members();
  members.stuck.add(1).add(2);
  world.apply({ replicas: 1 });
  await world.until(() => world.condition("ScaleAllowed") === "False/NoQuorum");
  for (let step = 0; step < 100; step += 1) await world.step();
  expect(world.server.all("pods").length).toBe(3);
  expect(world.server.all("persistentvolumeclaims").length).toBe(3);
  expect(members.committed?.voters).toEqual([1, 2, 3]);
  expect(world.events()).toContain("QuorumLost");
  members.stuck.clear();
  await world.until(() => isReady(world));
  expect(members.committed?.voters).toEqual([1]);
  expect(world.server.all("pods").length).toBe(1);
});

test("the membership is not waited for while all members say that they do not serve", async () => {
  const world = await formed(3);
  const members = world.members();
  members.stuck.add(1).add(2);
  await world.until(() => world.condition("Degraded") === "True/QuorumLost");
  const before = members.membershipReadings;
  for (let step = 0; step < 50; step += 1) await world.step();
  expect(members.membershipReadings).toBe(before);
  // One that says nothing may serve all the same.
  members.stop(3);
  await world.until(() => members.membershipReadings > before);
});

test("a moment without a quorum, as when the leadership changes hands, alarms nobody", async () => {
  const world = await formed(3);
  const members = world.members();
  world.apply({ replicas: 5 });
  await world.until(() => world.condition("Progressing") === "True/Scaling");
  members.stuck.add(1).add(2);
  for (let step = 0; step < 10; step += 1) await world.step();
  members.stuck.clear();
  await world.until(() => isReady(world));
  expect(members.committed?.voters).toEqual([1, 2, 3, 4, 5]);
  expect(world.events()).not.toContain("QuorumLost");
});

test("volumes are deleted with the ensemble only where that is asked for", async () => {
  const world = await formed(3);
  const finalizers = () => (world.ensemble().metadata["finalizers"] ?? []) as string[];
  expect(finalizers()).toEqual([]);
  world.apply({ storage: { retention: { whenDeleted: "Delete" } } });
  await world.until(() => finalizers().length === 1);
  expect(finalizers()).toEqual(["ensemble.dev/volumes"]);
  await world.until(() => isReady(world));
  world.server.delete("ensembles", "zk");
  await world.until(() => world.server.get("ensembles", "zk") === undefined);
  expect(world.server.all("persistentvolumeclaims")).toEqual([]);
});

test("an ensemble that is deleted and made anew goes on with its volumes", async () => {
  const world = await formed(3);
  const members = world.members();
  const isMarked = ({ metadata }: { metadata: object }): boolean =>
    "ensemble.dev/ensemble-uid" in ((metadata as { annotations?: object }).annotations ?? {});
  await world.until(() => world.server.all("persistentvolumeclaims").every(isMarked));
  const { ensembleUid } = world.ensemble()["status"] as { ensembleUid: string };
  world.server.delete("ensembles", "zk");
  await world.until(() => world.server.all("pods").length === 0);
  expect(world.server.all("persistentvolumeclaims")).toHaveLength(3);
  world.apply({ replicas: 1 });
  await world.until(() => isReady(world));
  expect(world.ensemble()["status"]).toMatchObject({ phase: "Running", ensembleUid });
  expect(members.foundings).toBe(1);
  expect(members.committed?.voters).toEqual([1]);
  expect(members.deeds.slice(-2)).toEqual(["remove 3", "remove 2"]);
  expect(world.events()).toContain("Adopted");
});

test("a child that somebody changes or removes is made anew", async () => {
  const world = await formed(3);
  world.server.remove("services", "zk");
  const budget = world.server.get("poddisruptionbudgets", "zk")!;
  world.server.patch("poddisruptionbudgets", budget, { spec: { minAvailable: 0 } });
  await world.until(() => world.server.get("services", "zk") !== undefined);
  const minAvailable = () =>
    (world.server.get("poddisruptionbudgets", "zk")?.["spec"] as { minAvailable: number })
      .minAvailable;
  await world.until(() => minAvailable() === 2);
});

test("members that refuse are asked again, and the refusal is told once", async () => {
  const world = await formed(3);
  const members = world.members();
  members.refuses = true;
  world.apply({ replicas: 4 });
  await world.until(() => world.events().includes("ActionFailed"));
  for (let step = 0; step < 50; step += 1) await world.step();
  expect(world.events().filter((reason) => reason === "ActionFailed").length).toBe(1);
  members.refuses = false;
  await world.until(() => isReady(world));
  expect(members.committed?.voters).toEqual([1, 2, 3, 4]);
});

test("settings that members take up are read back, and no pod goes for them", async () => {
  const world = await formed(3);
  const members = world.members();
  await world.until(() => world.condition("ConfigurationInSync") === "True/InSync");
  const uids = (): string[] => world.server.all("pods").map(({ metadata }) => metadata.uid);
  const before = uids();
  members.inattentive.add(2);
  world.apply({ config: { maxClientCnxns: "70" } });
  await world.until(() => world.condition("ConfigurationInSync") === "False/ReloadPending");
  for (let step = 0; step < 60; step += 1) await world.step();
  expect(world.condition("ConfigurationInSync")).toBe("False/ReloadPending");
  expect(isReady(world)).toBe(true);

  // The next change reaches it.
  members.inattentive.clear();
  world.apply({ config: { maxClientCnxns: "80" } });
  await world.until(() => world.condition("ConfigurationInSync") === "True/InSync");
  expect(uids()).toEqual(before);
  expect(world.events()).not.toContain("OutOfDate");
  expect(members.elections).toBe(0);
});

test("a member that says it needs a restart for a setting gets one, and no other", async () => {
  const world = await formed(3);
  const members = world.members();
  const deleted: string[] = [];
  world.server.onDelete = (plural, name) => {
    if (plural === "pods") deleted.push(name);
  };
  members.inflexible.add(3);
  world.apply({ config: { maxClientCnxns: "70" } });
  await world.until(() => deleted.length > 0);
  await world.until(() => isReady(world));
  await world.until(() => world.condition("ConfigurationInSync") === "True/InSync");
  expect(deleted).toEqual(["zk-2"]);
  expect(members.quorumLosses).toBe(0);
});
