/**
 * The controller takes over servers of another ensemble: what it comes to on a fake API server with
 * members without servers. Real ones are taken over in test/compat/import.test.ts.
 */
import { afterEach, expect, test } from "vitest";
import type { Json } from "../kube/support/fake-api-server.ts";
import { World } from "./support/world.ts";

const SERVERS = ["old1:2181", "old2:2181", "old3:2181"];

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Three old servers, and an ensemble that is to take them over. */
async function open(spec: Json = {}, more: Json = {}): Promise<World> {
  const world = await World.open();
  closers.push(() => world.close());
  world.members().beginElsewhere(3);
  world.apply({ replicas: 3, bootstrap: { import: { servers: SERVERS, ...more } }, ...spec });
  world.startOperator();
  return world;
}

function untilImported(world: World, condition: string): Promise<void> {
  return world.until(() => world.condition("Imported") === condition, `Imported: ${condition}`);
}

function statusOf(world: World): Json {
  return world.ensemble()["status"] as Json;
}

test("members join the old servers, and these leave", async () => {
  const world = await open();
  const members = world.members();
  await untilImported(world, "True/OldServersMayGo");
  await world.until(() => world.condition("Ready") === "True/AsWanted");
  expect(members.foundings).toBe(0);
  expect(members.quorumLosses).toBe(0);
  expect(members.deeds).toEqual([
    "add 4 as participant",
    "add 5 as participant",
    "add 6 as participant",
    ...members.deeds.slice(3),
  ]);
  expect(members.deeds.slice(3).toSorted()).toEqual(["remove 1", "remove 2", "remove 3"]);
  expect(members.deeds.at(-1)).toBe("remove 3");
  expect(statusOf(world)).toMatchObject({
    phase: "Running",
    firstId: 4,
    replicas: 3,
    importedServers: SERVERS.map((address, index) => ({ id: index + 1, address })),
    members: [4, 5, 6].map((id) => ({ id, name: `zk-${id - 1}`, ready: true })),
  });
  expect(world.events()).toEqual(expect.arrayContaining(["Importing", "OldServersMayGo"]));
  expect(world.server.get("statefulsets", "zk")?.["spec"]).toMatchObject({
    ordinals: { start: 3 },
  });
});

test("both are one ensemble for as long as is asked for", async () => {
  const world = await open({}, { takeOver: false });
  await untilImported(world, "False/Joined");
  for (let step = 0; step < 20; step += 1) await world.step();
  // An old server leads, which is no pod of this ensemble.
  expect(statusOf(world)).not.toHaveProperty("leader");
  const data = world.server.get("configmaps", "zk-config")?.["data"] as Record<string, string>;
  expect(data["members"]?.split("\n").map((line) => line.slice(0, 13))).toEqual([
    "server.1=old1",
    "server.2=old2",
    "server.3=old3",
    "server.4=zk-3",
    "server.5=zk-4",
    "server.6=zk-5",
    "",
  ]);
  const policy = world.server.get("networkpolicies", "zk")?.["spec"] as {
    ingress: { from?: unknown }[];
  };
  expect(policy.ingress[0]).not.toHaveProperty("from");
  const budget = world.server.get("poddisruptionbudgets", "zk")?.["spec"];
  expect(budget).toMatchObject({ minAvailable: 2 });
  expect(world.condition("Ready")).toBe("False/Importing");
  world.apply({ bootstrap: { import: { servers: SERVERS, takeOver: true } } });
  await world.until(() => world.condition("Ready") === "True/AsWanted");
  expect(world.server.get("networkpolicies", "zk")?.["spec"]).toMatchObject({
    ingress: [{ from: [{}] }, {}, {}, {}],
  });
});

test("servers that cannot be joined are left alone, and it is said what to do", async () => {
  const world = await open();
  world.members().importProblem = "ReconfigDisabled";
  await untilImported(world, "False/ReconfigDisabled");
  expect(world.server.all("statefulsets")).toEqual([]);
  world.members().importProblem = null;
  await untilImported(world, "True/OldServersMayGo");
});

test("the login is read from the Secret, whenever it comes", async () => {
  const world = await open({}, { authSecretName: "old-admin" });
  await untilImported(world, "False/NotAllowed");
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  const data = { username: encode("super"), password: encode("of old") };
  world.server.put("secrets", "old-admin", { data });
  await untilImported(world, "True/OldServersMayGo");
  expect(world.members().importLogin).toBe("super:of old");
});

test("an operation that only ours know is refused while an old server may read it", async () => {
  const world = await open({ config: { "ensemble.clickhouse": true } });
  await world.until(() => world.condition("Progressing") === "False/SpecRefused");
  world.apply({ config: {} });
  await untilImported(world, "True/OldServersMayGo");
  world.apply({ config: { "ensemble.clickhouse": true } });
  await world.until(() => world.condition("Progressing") === "True/Rolling");
});

test("an import that is given up leaves the old servers as they were", async () => {
  const world = await open({}, { takeOver: false });
  await untilImported(world, "False/Joined");
  const ensemble = world.ensemble();
  expect(ensemble.metadata["finalizers"]).toEqual(["ensemble.dev/volumes"]);
  world.server.patch("ensembles", ensemble, {
    metadata: { ...ensemble.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" },
  });
  const members = world.members();
  await world.until(() => members.committed?.voters.length === 3);
  expect(members.committed?.voters).toEqual([1, 2, 3]);
  expect(members.quorumLosses).toBe(0);
  await world.until(() => world.server.get("ensembles", "zk") === undefined);
});
