/**
 * The life of an ensemble on Kubernetes, in the order in which it happens to one, while clients
 * write and read all the time: what was acknowledged stays, sessions stay, and how long writes
 * paused at each event is printed as a table.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../integration/support/test-ensemble.ts";
import { allowedBy, callsOf } from "./support/audit.ts";
import { withoutDns } from "./support/cluster-dns.ts";
import {
  EnsembleOnCluster,
  OPERATOR,
  OPERATOR_NAMESPACE,
  installOperator,
  removeOperator,
} from "./support/ensemble-on-cluster.ts";
import { apply, get, kubectl, run } from "./support/kubectl.ts";
import { UnderLoad } from "./support/under-load.ts";
import { HAS_PODS } from "./support/which-cluster.ts";

const NAMESPACE = "life";
const NODE = "node-1";
const ALL = ["demo-0", "demo-1", "demo-2"];

/** The version that the operator's image has, and another one of the same program. */
const VERSION = "0.1.0";
const OTHER_VERSION = "0.1.1";

/** From one to the other and back: each version with the number of its roll. */
const ROLLS = [1, 2, 3, 4, 5].map((count): [version: string, count: number] => [
  count % 2 === 1 ? OTHER_VERSION : VERSION,
  count,
]);

const ROLL = "roll to another image";

const FORMING_MS_MAX = 30_000;
const ROLL_GAP_MS_MAX = 1000;
/** How long the ensemble is left alone, to see what gaps the machine makes by itself. */
const REST_MS = 15_000;
const STEP_MS_MAX = 40_000;

/** For what has no target of its own; the machine may be busy. */
const PATIENCE_MS = 120_000;

/** What the operator may do, and has no reason to in this life. */
const RARE: ReadonlySet<string> = new Set([
  // Where the plugin OwnerReferencesPermissionEnforcement asks who may keep an owner from going.
  "update ensemble.dev/ensembles/finalizers",
  // Nothing that an ensemble has becomes needless here, but its budget.
  "delete /services",
  "delete /serviceaccounts",
  "delete networking.k8s.io/networkpolicies",
  // Nobody asked for larger volumes, which this cluster could not make.
  "patch /persistentvolumeclaims",
  "delete apps/statefulsets",
  // Nobody asked for the objects of the Prometheus operator.
  ...["get", "create", "patch", "delete"].flatMap((verb) => [
    `${verb} monitoring.coreos.com/servicemonitors`,
    `${verb} monitoring.coreos.com/prometheusrules`,
  ]),
]);

const BASE = {
  version: VERSION,
  storage: { size: "100Mi", retention: { whenScaled: "Delete", whenDeleted: "Delete" } },
  config: { tickTime: 500 },
  resources: { requests: { cpu: "10m", memory: "64Mi" } },
};

/** With a setting that takes a restart. */
const TUNED = { ...BASE, config: { ...BASE.config, snapCount: 70_000 } };

const ensemble = new EnsembleOnCluster(NAMESPACE, "demo");
let load: UnderLoad;

async function scale(replicas: number): Promise<void> {
  await ensemble.want({ ...BASE, replicas });
  await ensemble.whenReady(PATIENCE_MS);
}

async function deletePod(name: string): Promise<void> {
  // The operator may have been faster, where a pod has lost its volume.
  await kubectl(`delete pod ${name} -n ${NAMESPACE} --wait=false --ignore-not-found`);
}

/** Asks for a pod to go as those do who drain nodes; whether its budget allows it now. */
async function evict(name: string): Promise<boolean> {
  const metadata = { name, namespace: NAMESPACE };
  const eviction = JSON.stringify({ apiVersion: "policy/v1", kind: "Eviction", metadata });
  const path = `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`;
  const { code, stderr } = await run("kubectl", ["create", "--raw", path, "-f", "-"], eviction);
  if (code !== 0) expect(stderr).toContain("(TooManyRequests): Cannot evict pod");
  return code === 0;
}

/** Waits until a pod of this name is another one than before. */
async function whenReplaced(name: string, uid: string): Promise<void> {
  const isReplaced = async (): Promise<boolean> =>
    (await ensemble.pods()).some(({ metadata }) => metadata.name === name && metadata.uid !== uid);
  await eventually(`${name} is replaced`, isReplaced, PATIENCE_MS);
}

/** Whether a pod of this name is another one than before, and ready. */
async function isBack(name: string, uid: string): Promise<boolean> {
  const pods = await ensemble.pods();
  const pod = pods.find(({ metadata }) => metadata.name === name && metadata.uid !== uid);
  const ready = pod?.status.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True";
}

async function podNamed(name: string) {
  const pod = (await ensemble.pods()).find(({ metadata }) => metadata.name === name);
  if (pod === undefined) throw new Error(`There is no pod ${name}`);
  return pod;
}

async function podUids(): Promise<string[]> {
  return (await ensemble.pods()).map(({ metadata }) => metadata.uid);
}

/** How many connections from one address each member takes now, as it says itself. */
async function connectionLimits(): Promise<(number | undefined)[]> {
  const pods = await ensemble.pods();
  return Promise.all(
    pods.map(async ({ status }) => {
      const answer = await fetch(`http://${status.podIP}:8080/commands/configuration`);
      const settings = (await answer.json()) as { readonly max_client_cnxns?: number };
      return settings.max_client_cnxns;
    }),
  );
}

interface LeaseSeen {
  readonly spec: { readonly holderIdentity: string };
}

describe.skipIf(!HAS_PODS)("An ensemble", () => {
  let startedMs: number;

  beforeAll(async () => {
    startedMs = Date.now();
    await installOperator();
    await apply({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: NAMESPACE,
        labels: { "pod-security.kubernetes.io/enforce": "restricted" },
      },
    });
  }, PATIENCE_MS);

  afterAll(removeOperator, PATIENCE_MS);

  test("of three forms", async () => {
    const fromMs = performance.now();
    await scale(3);
    const tookMs = performance.now() - fromMs;
    load = await UnderLoad.start(ensemble.connectString);
    expect(tookMs).toBeLessThan(FORMING_MS_MAX);
  });

  test.each([1, 3, 5, 3])("scales to %d", async (replicas) => {
    await load.during(`scale to ${replicas}`, () => scale(replicas));
    // The ensemble is as wanted when a member has left it; its pod and volume are about to go.
    const leftovers = async (): Promise<string[]> => {
      const left = await kubectl(`get pods,pvc -n ${NAMESPACE} -o name`);
      const wanted = Array.from({ length: replicas }, (_, n) => `demo-${n}`);
      return left.split("\n").filter((name) => name !== "" && !wanted.includes(name.slice(-6)));
    };
    await eventually(
      "nothing is left of others",
      async () => (await leftovers()).length === 0,
      PATIENCE_MS,
    );
    expect(await ensemble.pods()).toHaveLength(replicas);
  });

  test.each(ROLLS)("rolls to another image, the leader last: %s, %s", async (version) => {
    const leader = await ensemble.leader();
    const before = await podNamed(leader);
    const order: string[] = [];
    await load.during(ROLL, async () => {
      await ensemble.want({ ...BASE, replicas: 3, version });
      await eventually(
        "all pods are replaced",
        async () => {
          for (const { metadata, spec } of await ensemble.pods()) {
            const isNew = spec.containers[0]?.image.endsWith(`:${version}`) === true;
            if (isNew && !order.includes(metadata.name)) order.push(metadata.name);
          }
          return order.length === 3;
        },
        PATIENCE_MS,
      );
      await ensemble.whenReady(PATIENCE_MS);
    });
    expect(order.at(-1)).toBe(leader);
    expect((await podNamed(leader)).metadata.uid).not.toBe(before.metadata.uid);
  });

  test("rolled with less than a second of gaps together at the median", async () => {
    const rest = await load.during("nothing, for comparison", () => sleep(REST_MS));
    const gaps = load.rows
      .filter(({ event }) => event === ROLL)
      .map(({ totalMs, tookMs }) => totalMs - (rest.totalMs * tookMs) / rest.tookMs)
      .sort((one, other) => one - other);
    expect(gaps).toHaveLength(ROLLS.length);
    expect(gaps[Math.floor(gaps.length / 2)]).toBeLessThan(ROLL_GAP_MS_MAX);
  });

  test("rolls for a setting", async () => {
    await load.during("roll for a setting", async () => {
      await ensemble.want({ ...TUNED, version: OTHER_VERSION, replicas: 3 });
      await ensemble.whenReady(PATIENCE_MS);
    });
  });

  test("takes another setting up without a restart", async () => {
    const before = await podUids();
    const config = { ...TUNED.config, maxClientCnxns: 70 };
    await load.during("a setting without a restart", async () => {
      await ensemble.want({ ...TUNED, version: OTHER_VERSION, replicas: 3, config });
      const areTaken = async (): Promise<boolean> =>
        (await connectionLimits()).join() === "70,70,70";
      await eventually("all members go by it", areTaken, PATIENCE_MS);
      await ensemble.whenReady(PATIENCE_MS);
    });
    await ensemble.whenReason("ConfigurationInSync", "InSync", PATIENCE_MS);
    expect(await podUids()).toEqual(before);
  });

  test("survives the loss of its leader's pod", async () => {
    await load.during("delete the leader's pod", async () => {
      const leader = await ensemble.leader();
      const { metadata } = await podNamed(leader);
      await deletePod(leader);
      await whenReplaced(leader, metadata.uid);
      await ensemble.whenReady(PATIENCE_MS);
    });
  });

  test("survives the loss of a volume", async () => {
    await load.during("delete a volume", async () => {
      const leader = await ensemble.leader();
      const victim = ALL.find((name) => name !== leader) ?? "";
      const { metadata } = await podNamed(victim);
      await kubectl(`delete pvc data-${victim} -n ${NAMESPACE} --wait=false`);
      await deletePod(victim);
      await whenReplaced(victim, metadata.uid);
      await ensemble.whenReady(PATIENCE_MS);
    });
  });

  test("does not notice that all operators are killed", async () => {
    await load.during("kill both operators in a roll", async () => {
      await ensemble.want({ ...TUNED, replicas: 3 });
      await ensemble.whenReason("Progressing", "Rolling", PATIENCE_MS);
      const flags = "--grace-period=0 --force --wait=false";
      await kubectl(`delete pod -l ${OPERATOR} -n ${OPERATOR_NAMESPACE} ${flags}`);
      await ensemble.whenReady(PATIENCE_MS);
    });
  });

  test("goes on under the other operator when the one that sees to it is killed", async () => {
    const before = await podUids();
    await load.during("kill the elected operator in a roll", async () => {
      await ensemble.want({ ...BASE, replicas: 3 });
      await ensemble.whenReason("Progressing", "Rolling", PATIENCE_MS);
      const { spec } = await get<LeaseSeen>(`lease ensemble-operator -n ${OPERATOR_NAMESPACE}`);
      const elected = spec.holderIdentity.split("_")[0] ?? "";
      const flags = "--grace-period=0 --force --wait=false";
      await kubectl(`delete pod ${elected} -n ${OPERATOR_NAMESPACE} ${flags}`);
      await ensemble.whenReady(PATIENCE_MS);
    });
    const after = await podUids();
    expect(after.filter((uid) => before.includes(uid))).toEqual([]);
  });

  test("survives a restart while names cannot be looked up", async () => {
    await load.during("restart without DNS", async () => {
      const leader = await ensemble.leader();
      const victim = leader === "demo-0" ? "demo-1" : "demo-0";
      const { metadata } = await podNamed(victim);
      await withoutDns(async () => {
        await deletePod(victim);
        await whenReplaced(victim, metadata.uid);
        await load.progress();
      });
      await ensemble.whenReady(PATIENCE_MS);
    });
  });

  test("waits on a bad image, and goes on with a good one", async () => {
    await load.during("bad image, then a good one", async () => {
      await ensemble.want({ ...TUNED, version: "9.9.9", replicas: 3 });
      await ensemble.whenReason("Degraded", "ImageUnavailable", PATIENCE_MS);
      await ensemble.want({ ...TUNED, replicas: 3 });
      await ensemble.whenReady(PATIENCE_MS);
    });
  });

  test("lets go of one member at a time when a node is drained", async () => {
    await load.during("drain, then uncordon", async () => {
      const options = "--ignore-daemonsets --delete-emptydir-data --timeout=10s";
      const selector = `--pod-selector=app.kubernetes.io/instance=demo`;
      // The only node cannot be emptied: one member goes and has nowhere to come back to.
      await expect(kubectl(`drain ${NODE} ${options} ${selector}`)).rejects.toThrow(
        "disruption budget",
      );
      await kubectl(`uncordon ${NODE}`);
      await ensemble.whenReady(PATIENCE_MS);
    });
  });

  test("lets go of one member at a time when they are evicted", async () => {
    const leader = await ensemble.leader();
    const [first = "", second = ""] = ALL.filter((name) => name !== leader);
    const pods = (await ensemble.pods()).map(({ metadata }) => metadata);
    const isAnotherBack = (name: string): Promise<boolean> =>
      isBack(name, pods.find((pod) => pod.name === name)?.uid ?? "");
    await load.during("evict both followers", async () => {
      await eventually("the first may go", () => evict(first), PATIENCE_MS);
      expect(await evict(second)).toBe(false);
      await eventually("the second may go", () => evict(second), PATIENCE_MS);
      expect(await isAnotherBack(first)).toBe(true);
      await eventually("the second is back", () => isAnotherBack(second), PATIENCE_MS);
    });
    await load.during("evict the leader", async () => {
      await eventually("the leader may go", () => evict(leader), PATIENCE_MS);
      await eventually("it is back", () => isAnotherBack(leader), PATIENCE_MS);
      const leadsNoMore = async () => (await ensemble.observe()).status?.leader !== leader;
      await eventually("another one leads", leadsNoMore, PATIENCE_MS);
      await ensemble.whenReady(PATIENCE_MS);
    });
  });

  test("has lost nothing", async () => {
    console.log(load.format());
    expect(await load.finish()).toEqual([]);
  });

  test("goes with its namespace", async () => {
    await kubectl(`delete namespace ${NAMESPACE} --wait=true --timeout=110s`);
  });

  test("had no step of scaling that took too long", () => {
    const steps = load.rows.filter(
      ({ event, tookMs }) => event === "scale to 5" && tookMs > STEP_MS_MAX,
    );
    expect(steps).toEqual([]);
  });

  test("had an operator that asked for all that it may, and for nothing that it may not", async () => {
    const account = `system:serviceaccount:${OPERATOR_NAMESPACE}:ensemble-operator`;
    const { made, refused } = callsOf(account, startedMs);
    expect(refused).toEqual([]);
    const allowed = [
      ...(await allowedBy("clusterrole ensemble-operator")),
      ...(await allowedBy(`role ensemble-operator-leader-election -n ${OPERATOR_NAMESPACE}`)),
    ];
    const unused = allowed.filter((call) => !made.has(call) && !RARE.has(call));
    expect(unused).toEqual([]);
  });
});
