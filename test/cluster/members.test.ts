/**
 * Members in pods of a real Kubernetes, without an operator: what it would apply is applied by hand,
 * so that what goes wrong here is not the operator's. They form an ensemble, and lose pods and a
 * volume while clients are at work.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  buildConfigMap,
  buildServiceAccount,
  buildServices,
  buildStatefulSet,
  configMapName,
  renderMemberSettings,
} from "../../src/operator/desired/index.ts";
import type { Owner } from "../../src/operator/desired/index.ts";
import { parseEnsemble } from "../../src/operator/index.ts";
import { eventually } from "../integration/support/test-ensemble.ts";
import { EnsembleOnCluster } from "./support/ensemble-on-cluster.ts";
import { apply, get, kubectl } from "./support/kubectl.ts";
import { UnderLoad } from "./support/under-load.ts";
import { HAS_PODS } from "./support/which-cluster.ts";

const NAMESPACE = "members-test";
const IDS = [1, 2, 3];
const PATIENCE_MS = 90_000;

const ensemble = new EnsembleOnCluster(NAMESPACE, "demo");
let owner: Owner;
let load: UnderLoad;

/** Applies the children as the operator does while the ensemble forms, and afterwards. */
async function applyChildren(phase: "Forming" | "Running"): Promise<void> {
  const settings = renderMemberSettings(owner.ensemble, {
    ensembleUid: owner.uid,
    operatorDigest: `operator:${Buffer.alloc(32).toString("base64")}`,
  });
  const members = new Map(IDS.map((id) => [id, "participant"] as const));
  const children = [
    ...buildServices(owner),
    buildServiceAccount(owner),
    buildConfigMap(owner, {
      settings,
      members,
      importedLines: [],
      founders: phase === "Forming" ? IDS : null,
      recovery: null,
    }),
    buildStatefulSet(owner, {
      component: "member",
      replicas: IDS.length,
      image: "ensemble:0.1.0",
      args: ["member"],
      configMapName: configMapName(owner.ensemble),
      configHash: settings.restartHash,
    }),
  ];
  await apply(...children.filter((child) => child !== null));
}

async function whenReady(): Promise<void> {
  const areReady = async (): Promise<boolean> => {
    const pods = await ensemble.pods();
    return pods.length === IDS.length && pods.every(isReady);
  };
  await eventually("all members are ready", areReady, PATIENCE_MS);
}

function isReady({ metadata, status }: Awaited<ReturnType<typeof ensemble.pods>>[number]): boolean {
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  return metadata.deletionTimestamp === undefined && ready?.status === "True";
}

/** The pod that leads, by what it says itself. */
async function leaderPod(): Promise<string> {
  for (const { metadata, status } of await ensemble.pods()) {
    const answer = await fetch(`http://${status.podIP}:8080/commands/leader`);
    const { is_leader: isLeader } = (await answer.json()) as { is_leader?: boolean };
    if (isLeader === true) return metadata.name;
  }
  throw new Error("No member leads");
}

describe.skipIf(!HAS_PODS)("Three members in pods", () => {
  beforeAll(async () => {
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE, labels } });
    await kubectl("apply --server-side -f crds");
    await kubectl("wait --for=condition=Established --timeout=30s crd/ensembles.ensemble.dev");
    // Paused, in case that there is an operator.
    await ensemble.want({ paused: true, storage: { size: "100Mi" }, config: { tickTime: 500 } });
    const { metadata, spec } = await get<{ metadata: { uid: string }; spec: object }>(
      `ensemble demo -n ${NAMESPACE}`,
    );
    const text = JSON.stringify({
      apiVersion: "ensemble.dev/v1",
      kind: "Ensemble",
      metadata: { name: "demo", namespace: NAMESPACE },
      spec,
    });
    owner = { ensemble: parseEnsemble(text, "demo", () => []), uid: metadata.uid };
  });

  afterAll(async () => {
    await kubectl(`delete namespace ${NAMESPACE} --wait=false`);
  });

  test("form an ensemble", async () => {
    await applyChildren("Forming");
    await whenReady();
    await applyChildren("Running");
    load = await UnderLoad.start(ensemble.connectString);
  });

  test("lose their leader's pod, and another one", async () => {
    const leader = await leaderPod();
    const other = leader === "demo-0" ? "demo-1" : "demo-0";
    for (const [what, pod] of Object.entries({ "the leader's": leader, "another one's": other })) {
      await load.during(`delete ${what} pod`, async () => {
        await kubectl(`delete pod ${pod} -n ${NAMESPACE}`);
        await whenReady();
      });
    }
  });

  test("lose a pod with its volume", async () => {
    const leader = await leaderPod();
    const victim = leader === "demo-2" ? "demo-1" : "demo-2";
    const { metadata } = await get<{ metadata: { uid: string } }>(
      `pvc data-${victim} -n ${NAMESPACE}`,
    );
    await load.during("delete a pod and its volume", async () => {
      await kubectl(`delete pvc data-${victim} -n ${NAMESPACE} --wait=false`);
      await kubectl(`delete pod ${victim} -n ${NAMESPACE}`);
      await whenReady();
    });
    const after = await get<{ metadata: { uid: string } }>(`pvc data-${victim} -n ${NAMESPACE}`);
    expect(after.metadata.uid).not.toBe(metadata.uid);
  });

  test("lose all of their pods at once", async () => {
    await load.during("delete all pods", async () => {
      await kubectl(`delete pod --all -n ${NAMESPACE}`);
      await whenReady();
    });
  });

  test("have lost nothing that was acknowledged", async () => {
    console.log(load.format());
    expect(await load.finish()).toEqual([]);
  });
});
