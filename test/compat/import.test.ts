/**
 * The operator takes over a live Apache ensemble, under load: its own reconcile logic on a fake API
 * server, with real processes of `ensemble member` for pods. Members and old servers are one
 * ensemble for a while; then the old ones leave, and stop. Nothing that was acknowledged is lost,
 * and no session ends.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
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
import { eventually } from "../integration/support/test-ensemble.ts";
import { dumpTree } from "../integration/support/tree-dump.ts";
import { Workload } from "../integration/support/workload.ts";
import { findViolations } from "../integration/support/write-history.ts";
import { FakeApiServer } from "../operator/kube/support/fake-api-server.ts";
import type { Json } from "../operator/kube/support/fake-api-server.ts";
import { configOf } from "../operator/kube/support/fixture.ts";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { installKazoo } from "./support/kazoo.ts";
import { LoopbackPods } from "./support/loopback-pods.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { Resident, untouched } from "./support/resident.ts";
import { ServerGroup } from "./support/server-group.ts";
import { superUser } from "./support/tree-dump.ts";

const OLD = [1, 2, 3];
const NEW = [4, 5, 6];
const PATIENCE_MS = 150_000;
const REQUEST_TIMEOUT_MS = 20_000;

await describeWithPeers("An import by the operator", [installApacheZooKeeper, installKazoo], () => {
  let group: ServerGroup;
  let server: FakeApiServer;
  let pods: LoopbackPods;
  let connection: KubeConnection;
  let controller: Controller;
  let load: Workload;
  let resident: Resident;

  beforeAll(async () => {
    group = await ServerGroup.layOut(3, { reconfigEnabled: true, ...superUser.config });
    await group.start("apache");
    server = await FakeApiServer.start();
    server.honoursSelectors = true;
    pods = new LoopbackPods(server);
    pods.start();
    connection = new KubeConnection(configOf(server), systemTimers);
    const client = new KubeClient(connection, systemTimers, REQUEST_TIMEOUT_MS);
    const basics = { client, timers: systemTimers, random: seededRandom(1), logger: nullLogger };
    const names = { controller: "ensemble.dev/operator", instance: "operator-0" };
    controller = new Controller({
      ...basics,
      members: pods.access(),
      events: new EventRecorder({ ...basics, ...names }),
      namespaces: [],
      defaultImage: "ensemble:1.0.0",
      checkSettings: () => [],
      makeUid: () => "5f1f3b9a-0000-4000-8000-000000000001",
      mayAct: () => true,
    });
    controller.startCache();
    controller.startWork();
    const all = [group.connectString, ...NEW.map((sid) => pods.addressOf(sid))].join(",");
    load = await Workload.start(all, "/load");
    resident = await Resident.start(all);
  });

  afterAll(async () => {
    resident.kill();
    await controller.stop();
    await pods.close();
    connection.close();
    await server.close();
    await group.remove();
  });

  const want = (takeOver: boolean): void => {
    const [user = "", password = ""] = superUser.auth.split(":");
    const encode = (text: string): string => Buffer.from(text).toString("base64");
    const data = { username: encode(user), password: encode(password) };
    server.put("secrets", "old-admin", { data });
    const spec = {
      replicas: 3,
      config: { tickTime: 500, initLimit: 20, syncLimit: 10 },
      bootstrap: {
        import: { servers: addresses(), authSecretName: "old-admin", takeOver },
      },
    };
    const held = server.get("ensembles", "zk");
    if (held === undefined) server.create("ensembles", { ...ENSEMBLE, spec });
    else server.patch("ensembles", held, { spec });
  };
  const addresses = (): string[] => OLD.map((id) => group.addressOf(id));
  const untilImport = (wanted: string): Promise<void> =>
    eventually(
      `Imported is ${wanted}`,
      () => conditionOf(server, "Imported") === wanted,
      PATIENCE_MS,
    );

  test("members join the old servers", async () => {
    want(false);
    await untilImport("False/Joined");
    expect(await votersOf(group.addressOf(1))).toEqual([...OLD, ...NEW]);
    await load.progress(50);
    expect(server.get("ensembles", "zk")?.["status"]).toMatchObject({
      phase: "Importing",
      founders: [],
      firstId: 4,
      readyReplicas: 3,
      members: NEW.map((id) => ({ id, name: `zk-${id - 1}`, role: "follower", ready: true })),
    });
  });

  test("and take their place, and the old ones stop", async () => {
    want(true);
    await untilImport("True/OldServersMayGo");
    await eventually(
      "the ensemble is ready",
      () => conditionOf(server, "Ready") === "True/AsWanted",
      PATIENCE_MS,
    );
    expect(await votersOf(pods.addressOf(4))).toEqual(NEW);
    await group.stop();
    await load.progress(50);
    const reasons = server.all("events").map((event) => event["reason"]);
    expect(reasons).toEqual(expect.arrayContaining(["Importing", "OldServersMayGo", "Ready"]));
  });

  test("no client has lost a write, its session, a lock or a watch", async () => {
    expect(await resident.finish()).toMatchObject(untouched);
    const history = await load.finish();
    const trees = await Promise.all(NEW.map((sid) => dumpTree(pods.addressOf(sid))));
    expect(findViolations(history, trees[0]!)).toEqual([]);
    for (const tree of trees) expect(tree).toEqual(trees[0]);
    for (const pod of NEW.map((sid) => `zk-${sid - 1}`)) {
      expect(await pods.log(pod)).not.toContain('"level":"error"');
    }
  });
});

const ENSEMBLE = {
  apiVersion: "ensemble.dev/v1",
  kind: "Ensemble",
  metadata: { name: "zk", namespace: "default" },
};

/** `status/reason` of a condition; empty if it is not there. */
function conditionOf(server: FakeApiServer, type: string): string {
  const status = server.get("ensembles", "zk")?.["status"] as Json | undefined;
  const conditions = (status?.["conditions"] ?? []) as Record<string, string>[];
  const found = conditions.find((condition) => condition["type"] === type);
  return found === undefined ? "" : `${found["status"]}/${found["reason"]}`;
}

/** Who votes, as a client is told. */
async function votersOf(address: string): Promise<number[]> {
  const client = await EnsembleClient.connect(address, { sessionTimeoutMs: 10_000 });
  try {
    await client.sync("/");
    const { text } = await client.getConfig();
    const lines = text.matchAll(/^server\.(\d+)=[^;\n]*:participant/gmu);
    return [...lines].map(([, sid]) => Number(sid)).sort((left, right) => left - right);
  } finally {
    await client.close();
  }
}
