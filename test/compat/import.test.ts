/**
 * The operator takes over a live Apache ensemble, under load: its own reconcile logic on a fake API
 * server, with real processes of `ensemble member` for pods. Members and old servers are one
 * ensemble for a while; then the old ones leave, and stop. Nothing that was acknowledged is lost,
 * and no session ends.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { dumpTree } from "../integration/support/tree-dump.ts";
import { Workload } from "../integration/support/workload.ts";
import { findViolations } from "../integration/support/write-history.ts";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { installKazoo } from "./support/kazoo.ts";
import { LoopbackOperator } from "./support/loopback-operator.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { Resident, untouched } from "./support/resident.ts";
import { ServerGroup } from "./support/server-group.ts";
import { superUser } from "./support/tree-dump.ts";

const OLD = [1, 2, 3];
const NEW = [4, 5, 6];

await describeWithPeers("An import by the operator", [installApacheZooKeeper, installKazoo], () => {
  let group: ServerGroup;
  let operator: LoopbackOperator;
  let load: Workload;
  let resident: Resident;

  beforeAll(async () => {
    group = await ServerGroup.layOut(3, { reconfigEnabled: true, ...superUser.config });
    await group.start("apache");
    operator = await LoopbackOperator.start();
    const all = [group.connectString, ...NEW.map((sid) => operator.pods.addressOf(sid))].join(",");
    load = await Workload.start(all, "/load");
    resident = await Resident.start(all);
  });

  afterAll(async () => {
    resident.kill();
    await operator.close();
    await group.remove();
  });

  const want = (takeOver: boolean): void => {
    const [user = "", password = ""] = superUser.auth.split(":");
    const encode = (text: string): string => Buffer.from(text).toString("base64");
    const data = { username: encode(user), password: encode(password) };
    operator.server.put("secrets", "old-admin", { data });
    operator.want({
      replicas: 3,
      config: { tickTime: 500, initLimit: 20, syncLimit: 10 },
      bootstrap: {
        import: { servers: addresses(), authSecretName: "old-admin", takeOver },
      },
    });
  };
  const addresses = (): string[] => OLD.map((id) => group.addressOf(id));

  test("members join the old servers", async () => {
    want(false);
    await operator.until("Imported", "False/Joined");
    expect(await votersOf(group.addressOf(1))).toEqual([...OLD, ...NEW]);
    await load.progress(50);
    expect(operator.status).toMatchObject({
      phase: "Importing",
      founders: [],
      firstId: 4,
      readyReplicas: 3,
      members: NEW.map((id) => ({ id, name: `zk-${id - 1}`, role: "follower", ready: true })),
    });
  });

  test("and take their place, and the old ones stop", async () => {
    want(true);
    await operator.until("Imported", "True/OldServersMayGo");
    await operator.until("Ready", "True/AsWanted");
    expect(await votersOf(operator.pods.addressOf(4))).toEqual(NEW);
    await group.stop();
    await load.progress(50);
    const reasons = operator.server.all("events").map((event) => event["reason"]);
    expect(reasons).toEqual(expect.arrayContaining(["Importing", "OldServersMayGo", "Ready"]));
  });

  test("no client has lost a write, its session, a lock or a watch", async () => {
    expect(await resident.finish()).toMatchObject(untouched);
    const history = await load.finish();
    const trees = await Promise.all(NEW.map((sid) => dumpTree(operator.pods.addressOf(sid))));
    expect(findViolations(history, trees[0]!)).toEqual([]);
    for (const tree of trees) expect(tree).toEqual(trees[0]);
    for (const pod of NEW.map((sid) => `zk-${sid - 1}`)) {
      expect(await operator.pods.log(pod)).not.toContain('"level":"error"');
    }
  });
});

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
