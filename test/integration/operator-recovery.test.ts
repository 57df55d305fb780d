/**
 * The operator recovers an ensemble from the loss of its quorum for good: its own reconcile logic
 * on a fake API server, with real processes of `ensemble member` for pods. Two of three volumes are
 * lost under writes. Nothing happens without the user's consent; with it, all that the survivor had
 * is there again, on three members.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seededRandom } from "../../src/base/index.ts";
import { EnsembleClient } from "../../src/client/index.ts";
import { nullLogger } from "../../src/observe/index.ts";
import {
  EventRecorder,
  KubeClient,
  KubeConnection,
  systemTimers,
} from "../../src/operator/kube/index.ts";
import { Controller } from "../../src/operator/reconcile/controller.ts";
import { LoopbackPods } from "../compat/support/loopback-pods.ts";
import { FakeApiServer } from "../operator/kube/support/fake-api-server.ts";
import type { Json } from "../operator/kube/support/fake-api-server.ts";
import { configOf } from "../operator/kube/support/fixture.ts";
import { eventually } from "./support/test-ensemble.ts";
import { dumpTree } from "./support/tree-dump.ts";

const ALL = [1, 2, 3];
const SURVIVOR = 2;
const PATIENCE_MS = 150_000;
const REQUEST_TIMEOUT_MS = 20_000;
const SPEC = { replicas: 3, config: { tickTime: 500, initLimit: 20, syncLimit: 10 } };

describe("A quorum that is lost for good", { timeout: 2 * PATIENCE_MS }, () => {
  let server: FakeApiServer;
  let pods: LoopbackPods;
  let connection: KubeConnection;
  let controller: Controller;
  /** What the survivor had before the others lost their volumes. */
  let had: string[];

  beforeAll(async () => {
    server = await FakeApiServer.start();
    server.honoursSelectors = true;
    pods = new LoopbackPods(server);
    pods.start();
    connection = new KubeConnection(configOf(server), systemTimers);
    const client = new KubeClient(connection, systemTimers, REQUEST_TIMEOUT_MS);
    const basics = { client, timers: systemTimers, random: seededRandom(1), logger: nullLogger };
    const names = { controller: "ensemble.dev/operator", instance: "operator-0" };
    let uids = 0;
    controller = new Controller({
      ...basics,
      members: pods.access(),
      events: new EventRecorder({ ...basics, ...names }),
      namespaces: [],
      defaultImage: "ensemble:1.0.0",
      checkSettings: () => [],
      makeUid: () => `5f1f3b9a-0000-4000-8000-00000000000${(uids += 1)}`,
      mayAct: () => true,
    });
    controller.startCache();
    controller.startWork();
  });

  afterAll(async () => {
    await controller.stop();
    await pods.close();
    connection.close();
    await server.close();
  });

  const status = (): Status => server.get("ensembles", "zk")?.["status"] ?? {};
  /** `status/reason` of a condition; empty if it is not there. */
  const conditionOf = (type: string): string => {
    const found = status().conditions?.find((condition) => condition.type === type);
    return found === undefined ? "" : `${found.status}/${found.reason}`;
  };
  const until = (type: string, wanted: string): Promise<void> =>
    eventually(`${type} is ${wanted}`, () => conditionOf(type) === wanted, PATIENCE_MS);
  const want = (recovery: Json): void => {
    const held = server.get("ensembles", "zk")!;
    server.patch("ensembles", held, { spec: { ...SPEC, recovery } });
  };
  const consent = (): Json => {
    const zxid = status().members?.find(({ id }) => id === SURVIVOR)?.zxid;
    return { survivor: SURVIVOR, ensembleUid: status().ensembleUid, zxid };
  };
  const nodesOf = async (sid: number): Promise<string[]> => {
    const client = await EnsembleClient.connect(pods.addressOf(sid));
    const { children } = await client.getChildren("/load");
    await client.close();
    return children.sort();
  };

  test("is first of all lost", async () => {
    server.create("ensembles", { ...ENSEMBLE, spec: SPEC });
    await until("Ready", "True/AsWanted");
    const others = ALL.filter((sid) => sid !== SURVIVOR);
    const client = await EnsembleClient.connect(ALL.map((sid) => pods.addressOf(sid)).join(","));
    await client.create("/load");
    let isLost = false;
    const writing = (async () => {
      for (let n = 0; !isLost; n += 1) {
        await client.create(`/load/${String(n).padStart(6, "0")}`).catch(() => (isLost = true));
      }
    })();
    await eventually(
      "there are writes",
      async () => (await nodesOf(SURVIVOR)).length > 100,
      PATIENCE_MS,
    );
    had = await nodesOf(SURVIVOR);
    for (const sid of others) pods.loseVolume(sid);
    await until("Degraded", "True/QuorumLost");
    isLost = true;
    await Promise.all([writing, client.close()]);
    await eventually(
      "the members say what they have",
      () =>
        others.every(
          (sid) => status().members?.find(({ id }) => id === sid)?.reason === "VolumeIncomplete",
        ),
      PATIENCE_MS,
    );
  });

  test("is not given up without consent to this very loss", async () => {
    const before = server.all("pods").map(({ metadata }) => metadata.uid);
    const { ensembleUid } = status();
    want({ ...consent(), zxid: "0x100000001", acceptDataLoss: true });
    await until("Recovered", "False/ConsentOutdated");
    expect(messageOf(status(), "Recovered")).toContain("spec.recovery.zxid is 0x100000001");
    want(consent());
    await until("Recovered", "False/NotAccepted");
    expect(messageOf(status(), "Recovered")).toMatch(/Member 2 goes on alone from 0x[0-9a-f]+;/u);
    expect(status()).toMatchObject({ phase: "Running", ensembleUid });
    expect(server.all("pods").map(({ metadata }) => metadata.uid)).toEqual(before);
  });

  test("is given up with it, and the survivor goes on", async () => {
    const lostEnsembleUid = status().ensembleUid;
    const { zxid } = consent();
    want({ ...consent(), acceptDataLoss: true });
    await until("Recovered", "True/Recovered");
    await until("Ready", "True/AsWanted");
    expect(status()).toMatchObject({
      phase: "Running",
      readyReplicas: 3,
      recovery: { survivor: SURVIVOR, lostEnsembleUid, zxid, others: [{ id: 1 }, { id: 3 }] },
    });
    expect(status().ensembleUid).not.toBe(lostEnsembleUid);
    const reasons = server.all("events").map((event) => event["reason"]);
    expect(reasons).toEqual(expect.arrayContaining(["Recovering", "Recovered", "MemberAdded"]));
  });

  test("and nothing that the survivor had is lost, on any member", async () => {
    const nodes = await nodesOf(SURVIVOR);
    expect(nodes.slice(0, had.length)).toEqual(had);
    expect(nodes).toEqual(nodes.map((_, n) => String(n).padStart(6, "0")));
    const client = await EnsembleClient.connect(pods.addressOf(1));
    await client.create("/load/after");
    await client.sync("/");
    await client.close();
    const trees = await Promise.all(ALL.map((sid) => dumpTree(pods.addressOf(sid))));
    for (const tree of trees) expect(tree).toEqual(trees[0]);
  });

  test("the same consent does nothing more", async () => {
    const { ensembleUid, recovery } = status();
    // The survivor's volume may be lost like any other one: it joins the others.
    pods.loseVolume(SURVIVOR);
    await eventually("it is gone", () => conditionOf("Ready").startsWith("False"), PATIENCE_MS);
    await until("Ready", "True/AsWanted");
    expect(status()).toMatchObject({ phase: "Running", ensembleUid, recovery });
    expect(await nodesOf(SURVIVOR)).toContain("after");
    expect(server.get("configmaps", "zk-config")?.["data"]).toMatchObject({
      recovery: `lostUid=${recovery?.lostEnsembleUid ?? ""}\n`,
    });
  });
});

interface Status {
  readonly phase?: string;
  readonly ensembleUid?: string;
  readonly recovery?: { readonly lostEnsembleUid: string };
  readonly members?: readonly { readonly id: number; readonly zxid?: string; reason?: string }[];
  readonly conditions?: readonly Record<"type" | "status" | "reason" | "message", string>[];
}

function messageOf({ conditions = [] }: Status, type: string): string {
  return conditions.find((condition) => condition.type === type)?.message ?? "";
}

const ENSEMBLE = {
  apiVersion: "ensemble.dev/v1",
  kind: "Ensemble",
  metadata: { name: "zk", namespace: "default" },
};
