/**
 * Volumes that grow, on the fake API server: claims first, then StatefulSets without their pods, and
 * pods only where a file system does not grow otherwise.
 */

import { afterEach, expect, test } from "vitest";
import type { Json, Stored } from "../kube/support/fake-api-server.ts";
import { World } from "./support/world.ts";

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An ensemble that serves, and what of it is deleted from then on. */
async function formed(storage: Json): Promise<{ world: World; deleted: string[] }> {
  const world = await World.open();
  closers.push(() => world.close());
  world.apply({ replicas: 3, storage });
  world.startOperator();
  await world.until(() => isReady(world));
  const deleted: string[] = [];
  world.server.onDelete = (plural, name) => deleted.push(`${plural}/${name}`);
  return { world, deleted };
}

function isReady(world: World): boolean {
  const { metadata, status } = world.ensemble() as unknown as {
    metadata: { generation: number };
    status?: { observedGeneration?: number };
  };
  const isSeen = status?.observedGeneration === metadata.generation;
  return isSeen && world.condition("Ready") === "True/AsWanted";
}

function uidsOf(world: World): string[] {
  return world.server
    .all("pods")
    .map(({ metadata }) => metadata.uid)
    .sort();
}

function requestsOf(world: World): string[] {
  return world.server.all("persistentvolumeclaims").map(({ metadata, spec }) => {
    const { resources } = spec as { resources: { requests: { storage: string } } };
    return `${metadata.name} ${resources.requests.storage}`;
  });
}

function templatesOf(set: Stored | undefined): string[] {
  const { volumeClaimTemplates } = set?.["spec"] as {
    volumeClaimTemplates: { spec: { resources: { requests: { storage: string } } } }[];
  };
  return volumeClaimTemplates.map(({ spec }) => spec.resources.requests.storage);
}

test("all volumes grow, and no pod is touched", async () => {
  const { world, deleted } = await formed({ size: "1Gi", logVolume: { size: "100Mi" } });
  const before = uidsOf(world);
  world.apply({ storage: { size: "2Gi", logVolume: { size: "0.5Gi" } } });
  await world.until(() => isReady(world));
  expect(requestsOf(world).sort()).toEqual([
    "data-zk-0 2Gi",
    "data-zk-1 2Gi",
    "data-zk-2 2Gi",
    "log-zk-0 0.5Gi",
    "log-zk-1 0.5Gi",
    "log-zk-2 0.5Gi",
  ]);
  expect(templatesOf(world.server.get("statefulsets", "zk"))).toEqual(["2Gi", "0.5Gi"]);
  expect(templatesOf(world.server.get("statefulsets", "zk-observers"))).toEqual(["2Gi", "0.5Gi"]);
  expect(deleted).toEqual(["statefulsets/zk", "statefulsets/zk-observers"]);
  expect(uidsOf(world)).toEqual(before);
  expect(world.members().elections).toBe(0);
  const [set] = world.server.all("statefulsets");
  for (const { metadata } of world.server.all("pods")) {
    expect(metadata["ownerReferences"]).toEqual([{ kind: "StatefulSet", uid: set!.metadata.uid }]);
  }
  expect(world.events()).toEqual(expect.arrayContaining(["VolumeGrowing", "StatefulSetReplaced"]));
  expect(world.events()).not.toContain("ActionFailed");
});

test("the same size in another form changes nothing", async () => {
  const { world, deleted } = await formed({ size: "1Gi" });
  world.apply({ storage: { size: "1024Mi" } });
  await world.until(() => isReady(world));
  expect(deleted).toEqual([]);
  expect(requestsOf(world)[0]).toBe("data-zk-0 1Gi");
});

test("an operator that is stopped when a StatefulSet has gone is carried on by the next", async () => {
  const { world } = await formed({ size: "1Gi" });
  const before = uidsOf(world);
  world.server.onDelete = () => void world.stopOperators();
  world.apply({ storage: { size: "2Gi" } });
  await world.until(() => world.server.get("statefulsets", "zk") === undefined);
  for (let step = 0; step < 20; step += 1) await world.step();
  expect(world.server.get("statefulsets", "zk")).toBeUndefined();
  expect(uidsOf(world)).toEqual(before);
  world.server.onDelete = () => undefined;
  world.startOperator();
  await world.until(() => isReady(world));
  expect(templatesOf(world.server.get("statefulsets", "zk"))).toEqual(["2Gi"]);
  expect(uidsOf(world)).toEqual(before);
});

test("file systems that grow when they are mounted anew get new pods, the leader's last", async () => {
  const { world, deleted } = await formed({ size: "1Gi" });
  world.cluster.growsUnmountedOnly = true;
  const leaders: (number | null)[] = [];
  world.server.onDelete = (plural, name) => {
    if (plural !== "pods") return;
    deleted.push(name);
    leaders.push(world.members().leader);
  };
  world.apply({ storage: { size: "2Gi" } });
  await world.until(() => deleted.length === 3);
  await world.until(() => isReady(world));
  deleted.forEach((name, index) => expect(name).not.toBe(`zk-${Number(leaders[index]) - 1}`));
  expect(world.members().quorumLosses).toBe(0);
  expect(world.events().filter((reason) => reason === "VolumeGrown").length).toBe(3);
});

test("a claim that may not grow is told of, and new volumes are larger all the same", async () => {
  const { world } = await formed({ size: "1Gi", storageClassName: "rigid" });
  world.apply({ storage: { size: "2Gi", storageClassName: "rigid" } });
  await world.until(
    () =>
      world.condition("Ready") === "False/VolumesDiffer" &&
      world.condition("Progressing") === "False/Waiting",
  );
  expect(world.condition("Degraded")).toBe("True/VolumeGrowthRefused");
  expect(templatesOf(world.server.get("statefulsets", "zk"))).toEqual(["2Gi"]);
  const asked = (): number =>
    world.server.requests.filter(
      ({ path, body }) => path.includes("persistentvolumeclaims") && body["spec"] !== undefined,
    ).length;
  expect(asked()).toBe(3);
  // Asked again every ten minutes, and not at each look.
  for (let step = 0; step < 200; step += 1) await world.step();
  expect(asked()).toBe(3);
  // Members come and go as before.
  world.apply({ replicas: 4 });
  await world.until(() => world.members().committed?.voters.length === 4);
  expect(requestsOf(world)).toContain("data-zk-3 2Gi");
  // A claim that is deleted is made anew, and larger.
  for (const sid of [0, 1, 2]) await replaceVolume(world, sid);
  await world.until(() => isReady(world));
  expect(new Set(requestsOf(world).map((line) => line.split(" ")[1]))).toEqual(new Set(["2Gi"]));
  expect(world.members().quorumLosses).toBe(0);
});

/** As somebody with kubectl does it: the claim stays for as long as its pod uses it. */
async function replaceVolume(world: World, ordinal: number): Promise<void> {
  const { server } = world;
  const [claim, pod] = [`data-zk-${ordinal}`, `zk-${ordinal}`];
  const held = server.get("persistentvolumeclaims", claim)!;
  const metadata = { ...held.metadata, finalizers: ["kubernetes.io/pvc-protection"] };
  server.patch("persistentvolumeclaims", held, { metadata });
  server.delete("persistentvolumeclaims", claim);
  const isOld = () =>
    server.get("persistentvolumeclaims", claim)?.metadata.uid === held.metadata.uid;
  const before = server.onDelete;
  server.onDelete = (plural, name) => {
    if (plural === "pods" && name === pod) server.remove("persistentvolumeclaims", claim);
  };
  await world.until(() => !isOld() && world.members().isServing(ordinal + 1));
  server.onDelete = before;
}
