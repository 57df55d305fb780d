/**
 * The operator recovers an ensemble from the loss of its quorum for good: its own reconcile logic
 * on a fake API server, with real processes of `ensemble member` for pods. Two of three volumes are
 * lost under writes. Nothing happens without the user's consent; with it, all that the survivor had
 * is there again, on three members.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { LoopbackOperator } from "../compat/support/loopback-operator.ts";
import type { StatusSeen } from "../compat/support/loopback-operator.ts";
import type { Json } from "../operator/kube/support/fake-api-server.ts";
import { eventually } from "./support/test-ensemble.ts";
import { dumpTree } from "./support/tree-dump.ts";

const ALL = [1, 2, 3];
const SURVIVOR = 2;
const PATIENCE_MS = 150_000;
const SPEC = { replicas: 3, config: { tickTime: 500, initLimit: 20, syncLimit: 10 } };

describe("A quorum that is lost for good", { timeout: 2 * PATIENCE_MS }, () => {
  let operator: LoopbackOperator;
  /** What the survivor had before the others lost their volumes. */
  let had: string[];

  beforeAll(async () => {
    operator = await LoopbackOperator.start();
  });

  afterAll(() => operator.close());

  const consent = (): Json => {
    const zxid = operator.status.members?.find(({ id }) => id === SURVIVOR)?.zxid;
    return { survivor: SURVIVOR, ensembleUid: operator.status.ensembleUid, zxid };
  };
  const nodesOf = async (sid: number): Promise<string[]> => {
    const client = await EnsembleClient.connect(operator.pods.addressOf(sid));
    const { children } = await client.getChildren("/load");
    await client.close();
    return children.sort();
  };

  test("is first of all lost", async () => {
    operator.want(SPEC);
    await operator.until("Ready", "True/AsWanted");
    const others = ALL.filter((sid) => sid !== SURVIVOR);
    const client = await EnsembleClient.connect(
      ALL.map((sid) => operator.pods.addressOf(sid)).join(","),
    );
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
    for (const sid of others) operator.pods.loseVolume(sid);
    await operator.until("Degraded", "True/QuorumLost");
    isLost = true;
    await Promise.all([writing, client.close()]);
    await eventually(
      "the members say what they have",
      () =>
        others.every(
          (sid) =>
            operator.status.members?.find(({ id }) => id === sid)?.reason === "VolumeIncomplete",
        ),
      PATIENCE_MS,
    );
  });

  test("is not given up without consent to this very loss", async () => {
    const before = operator.server.all("pods").map(({ metadata }) => metadata.uid);
    const { ensembleUid } = operator.status;
    operator.want({
      ...SPEC,
      recovery: { ...consent(), zxid: "0x100000001", acceptDataLoss: true },
    });
    await operator.until("Recovered", "False/ConsentOutdated");
    expect(messageOf(operator.status, "Recovered")).toContain("spec.recovery.zxid is 0x100000001");
    operator.want({ ...SPEC, recovery: consent() });
    await operator.until("Recovered", "False/NotAccepted");
    expect(messageOf(operator.status, "Recovered")).toMatch(
      /Member 2 goes on alone from 0x[0-9a-f]+;/u,
    );
    expect(operator.status).toMatchObject({ phase: "Running", ensembleUid });
    expect(operator.server.all("pods").map(({ metadata }) => metadata.uid)).toEqual(before);
  });

  test("is given up with it, and the survivor goes on", async () => {
    const lostEnsembleUid = operator.status.ensembleUid;
    const { zxid } = consent();
    operator.want({ ...SPEC, recovery: { ...consent(), acceptDataLoss: true } });
    await operator.until("Recovered", "True/Recovered");
    await operator.until("Ready", "True/AsWanted");
    expect(operator.status).toMatchObject({
      phase: "Running",
      readyReplicas: 3,
      recovery: { survivor: SURVIVOR, lostEnsembleUid, zxid, others: [{ id: 1 }, { id: 3 }] },
    });
    expect(operator.status.ensembleUid).not.toBe(lostEnsembleUid);
    const reasons = operator.server.all("events").map((event) => event["reason"]);
    expect(reasons).toEqual(expect.arrayContaining(["Recovering", "Recovered", "MemberAdded"]));
  });

  test("and nothing that the survivor had is lost, on any member", async () => {
    const nodes = await nodesOf(SURVIVOR);
    expect(nodes.slice(0, had.length)).toEqual(had);
    expect(nodes).toEqual(nodes.map((_, n) => String(n).padStart(6, "0")));
    const client = await EnsembleClient.connect(operator.pods.addressOf(1));
    await client.create("/load/after");
    await client.sync("/");
    await client.close();
    const trees = await Promise.all(ALL.map((sid) => dumpTree(operator.pods.addressOf(sid))));
    for (const tree of trees) expect(tree).toEqual(trees[0]);
  });

  test("the same consent does nothing more", async () => {
    const { ensembleUid, recovery } = operator.status;
    // The survivor's volume may be lost like any other one: it joins the others.
    operator.pods.loseVolume(SURVIVOR);
    await eventually(
      "it is gone",
      () => operator.conditionOf("Ready").startsWith("False"),
      PATIENCE_MS,
    );
    await operator.until("Ready", "True/AsWanted");
    expect(operator.status).toMatchObject({ phase: "Running", ensembleUid, recovery });
    expect(await nodesOf(SURVIVOR)).toContain("after");
    expect(operator.server.get("configmaps", "zk-config")?.["data"]).toMatchObject({
      recovery: `lostUid=${recovery?.lostEnsembleUid ?? ""}\n`,
    });
  });
});

function messageOf({ conditions = [] }: StatusSeen, type: string): string {
  return conditions.find((condition) => condition.type === type)?.message ?? "";
}
