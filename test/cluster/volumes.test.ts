/**
 * What happens to the volumes of an ensemble: they are to grow, first where their class does not
 * allow it and then where it does, under writes and without a restart. In the end two of three are
 * lost for good, with their quorum, and by the user's consent the third member goes on alone.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { eventually } from "../integration/support/test-ensemble.ts";
import { dumpTree, formatDump } from "../integration/support/tree-dump.ts";
import {
  EnsembleOnCluster,
  installOperator,
  removeOperator,
} from "./support/ensemble-on-cluster.ts";
import { Journal } from "./support/journal.ts";
import { apply, kubectl } from "./support/kubectl.ts";
import { Resizer } from "./support/resizer.ts";
import { UnderLoad } from "./support/under-load.ts";
import { HAS_PODS } from "./support/which-cluster.ts";

const NAMESPACE = "volumes";
const CLASS = "volumes-test";
const PATIENCE_MS = 120_000;
/** For how long nothing may happen that nobody has accepted. */
const RESTRAINT_MS = 3000;

const ensemble = new EnsembleOnCluster(NAMESPACE, "demo");

async function want(size: string, more: object = {}): Promise<void> {
  await ensemble.want({
    replicas: 3,
    storage: { size, storageClassName: CLASS },
    config: { tickTime: 500 },
    resources: { requests: { cpu: "10m", memory: "64Mi" } },
    // Namespaces with pods that may take longer than that go after half of the time only.
    podTemplate: { terminationGracePeriodSeconds: 10 },
    ...more,
  });
}

/** Has a class of volumes that may or may not grow. */
async function haveClass(allowVolumeExpansion: boolean): Promise<void> {
  await apply({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: CLASS },
    provisioner: "test-cluster/local",
    volumeBindingMode: "WaitForFirstConsumer",
    allowVolumeExpansion,
  });
}

async function podUids(): Promise<string[]> {
  return (await ensemble.pods()).map(({ metadata }) => metadata.uid);
}

async function volumeSizes(): Promise<(string | undefined)[]> {
  return (await ensemble.claims()).map(({ status }) => status.capacity?.storage);
}

/** The uid of the StatefulSet, and how large it makes volumes; empty while it is made anew. */
async function statefulSet(): Promise<readonly [uid: string, size: string]> {
  const fields = "{.metadata.uid}/{..volumeClaimTemplates[0].spec.resources.requests.storage}";
  const flags = `-n ${NAMESPACE} --ignore-not-found -o jsonpath=${fields}`;
  const [uid = "", size = ""] = (await kubectl(`get statefulset demo ${flags}`)).split("/");
  return [uid, size];
}

describe.skipIf(!HAS_PODS)("The volumes of an ensemble", () => {
  beforeAll(async () => {
    await installOperator();
    await haveClass(false);
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
    await want("100Mi");
    await ensemble.whenReady(PATIENCE_MS);
  }, PATIENCE_MS);

  afterAll(async () => {
    await kubectl(`delete namespace ${NAMESPACE} --wait=true --timeout=110s`);
    await kubectl(`delete storageclass ${CLASS}`);
    await removeOperator();
  }, PATIENCE_MS);

  describe("that are to be larger", () => {
    let load: UnderLoad;

    beforeAll(async () => {
      load = await UnderLoad.start(ensemble.connectString);
    });

    test("stay as they are where their class does not allow it", async () => {
      const before = await podUids();
      await load.during("volumes may not grow", async () => {
        await want("200Mi");
        await ensemble.whenReason("Degraded", "VolumeGrowthRefused", PATIENCE_MS);
        await ensemble.whenReason("Ready", "VolumesDiffer", PATIENCE_MS);
      });
      expect(await ensemble.events("ActionFailed")).toContainEqual(
        expect.stringContaining("the storageclass that provisions the pvc must support resize"),
      );
      expect(await volumeSizes()).toEqual(["100Mi", "100Mi", "100Mi"]);
      const areNewOnesLarger = async (): Promise<boolean> => (await statefulSet())[1] === "200Mi";
      await eventually("new ones are to be larger", areNewOnesLarger, PATIENCE_MS);
      expect(await podUids()).toEqual(before);
    });

    test("grow where it does, and no member restarts", async () => {
      const before = { pods: await podUids(), set: await statefulSet() };
      await haveClass(true);
      const resizer = new Resizer(ensemble);
      const { unanswered } = await load.during("volumes grow", async () => {
        // What was refused is asked for again after 10 minutes only, but something else at once.
        await want("300Mi");
        await ensemble.whenReady(PATIENCE_MS);
      });
      await resizer.stop();
      expect(await volumeSizes()).toEqual(["300Mi", "300Mi", "300Mi"]);
      expect(await ensemble.events("VolumeGrowing")).toHaveLength(3);
      const [owner, size] = await statefulSet();
      expect(owner).not.toBe(before.set[0]);
      expect(size).toBe("300Mi");
      const pods = (await ensemble.pods()).map(({ metadata }) => metadata);
      expect(pods.map(({ uid }) => uid)).toEqual(before.pods);
      expect(pods.map(({ ownerReferences }) => ownerReferences?.map(({ uid }) => uid))).toEqual(
        pods.map(() => [owner]),
      );
      expect(unanswered).toBe(0);
    });

    test("have lost nothing", async () => {
      console.log(load.format());
      expect(await load.finish()).toEqual([]);
    });
  });

  describe("of which two are lost for good", () => {
    let journal: Journal;
    /** The pod that has kept its volume, and those that have not. */
    let survivor: string;
    let others: string[];
    /** What the survivor had at some moment before. */
    let had: readonly string[];
    let lostEnsembleUid: string | undefined;

    async function addressOf(name: string): Promise<string> {
      const pod = (await ensemble.pods()).find(({ metadata }) => metadata.name === name);
      return `${pod?.status.podIP ?? ""}:2181`;
    }

    async function consent(acceptDataLoss: boolean): Promise<void> {
      const { status } = await ensemble.observe();
      const id = idOf(survivor);
      const zxid = status?.members?.find((member) => member.id === id)?.zxid;
      const recovery = { survivor: id, ensembleUid: status?.ensembleUid, zxid, acceptDataLoss };
      await want("300Mi", { recovery });
    }

    test("take the quorum with them", async () => {
      journal = await Journal.start(ensemble.connectString, "/journal");
      await eventually("there are writes", () => journal.acknowledged.size > 100, PATIENCE_MS);
      const leader = await ensemble.leader();
      const pods = (await ensemble.pods()).map(({ metadata }) => metadata.name);
      survivor = pods.find((name) => name !== leader) ?? "";
      others = pods.filter((name) => name !== survivor);
      had = await childrenOf(await addressOf(survivor), "/journal");
      const claims = others.map((name) => `data-${name}`);
      await kubectl(`delete pvc ${claims.join(" ")} -n ${NAMESPACE} --wait=false`);
      await kubectl(`delete pod ${others.join(" ")} -n ${NAMESPACE} --force --ignore-not-found`);
      await ensemble.whenReason("Degraded", "QuorumLost", PATIENCE_MS);
    });

    test("are not given up without consent", async () => {
      const areEmpty = async (): Promise<boolean> => {
        const { status } = await ensemble.observe();
        const empty = status?.members?.filter(({ reason }) => reason === "VolumeIncomplete");
        return empty?.map(({ id }) => id).join() === others.map(idOf).join();
      };
      await eventually("the others say that they have nothing", areEmpty, PATIENCE_MS);
      const before = { pods: await podUids(), status: (await ensemble.observe()).status };
      lostEnsembleUid = before.status?.ensembleUid;
      await consent(false);
      const message = await ensemble.whenReason("Recovered", "NotAccepted", PATIENCE_MS);
      expect(message).toMatch(
        /^Member \d goes on alone from 0x[0-9a-f]+; .* may be lost .*accept/u,
      );
      await sleep(RESTRAINT_MS);
      const { status } = await ensemble.observe();
      expect(status).toMatchObject({ phase: "Running", ensembleUid: lostEnsembleUid });
      expect(await podUids()).toEqual(before.pods);
    });

    test("are given up with it, and three members serve again", async () => {
      const startedMs = performance.now();
      await consent(true);
      await ensemble.whenReason("Recovered", "Recovered", PATIENCE_MS);
      const aloneMs = performance.now() - startedMs;
      const { status } = await ensemble.whenReady(PATIENCE_MS);
      const tookMs = performance.now() - startedMs;
      console.log(
        `Recovery: one served after ${Math.round(aloneMs)} ms, three after ${Math.round(tookMs)} ms`,
      );
      expect(status?.ensembleUid).not.toBe(lostEnsembleUid);
      const zxid = expect.stringMatching(/^0x[0-9a-f]+$/u) as string;
      expect(status?.recovery).toEqual({
        survivor: idOf(survivor),
        lostEnsembleUid,
        zxid,
        others: others.map((name) => ({ id: idOf(name), zxid })),
      });
      const said = `goes on alone from ${status?.recovery?.zxid ?? "nothing"}; `;
      expect(await ensemble.events("Recovering")).toEqual([expect.stringContaining(said)]);
      expect(await ensemble.events("Recovered")).toHaveLength(1);
    });

    test("are as large as the lost ones, with all that the survivor had", async () => {
      const { size } = journal.acknowledged;
      await eventually("writes go on", () => journal.acknowledged.size > size + 20, PATIENCE_MS);
      await journal.stop();
      expect(await volumeSizes()).toEqual(["300Mi", "300Mi", "300Mi"]);
      const addresses = await Promise.all([survivor, ...others].map(addressOf));
      const [tree, ...copies] = await Promise.all(addresses.map((address) => dumpTree(address)));
      if (tree === undefined) throw new Error("The survivor has no tree");
      for (const copy of copies) expect(formatDump(copy)).toEqual(formatDump(tree));
      expect(had.filter((name) => !tree.has(`/journal/${name}`))).toEqual([]);
      // Nothing else is missing than what was said to be lost, if anything is.
      const { status } = await ensemble.observe();
      const lastZxid = BigInt(status?.recovery?.zxid ?? 0);
      const lost = [...journal.acknowledged].filter(([path]) => !tree.has(path));
      expect(lost.filter(([, zxid]) => zxid <= lastZxid)).toEqual([]);
    });
  });
});

/** The server id of a pod's member. */
function idOf(pod: string): number {
  return Number(pod.slice(pod.lastIndexOf("-") + 1)) + 1;
}

/** What one server shows, as it is there. */
async function childrenOf(address: string, path: string): Promise<readonly string[]> {
  const client = await EnsembleClient.connect(address);
  const { children } = await client.getChildren(path);
  await client.close();
  return children;
}
