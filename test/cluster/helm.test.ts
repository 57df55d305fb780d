/**
 * What people do with Helm, while clients write and read: install, upgrade the ensemble, upgrade the
 * operator, take the operator away and bring it back, take the ensemble away and bring it back.
 */
import { afterAll, describe, expect, test } from "vitest";
import { eventually } from "../integration/support/test-ensemble.ts";
import { dumpTree, formatDump } from "../integration/support/tree-dump.ts";
import { clusterTransport } from "./support/cluster-transport.ts";
import {
  EnsembleOnCluster,
  OPERATOR,
  OPERATOR_NAMESPACE,
  removeOperator,
} from "./support/ensemble-on-cluster.ts";
import { kubectl, must } from "./support/kubectl.ts";
import { UnderLoad } from "./support/under-load.ts";
import { HAS_PODS } from "./support/which-cluster.ts";

const NAMESPACE = "with-helm";
const PATIENCE_MS = 120_000;
const OPERATOR_CHART = `ensemble-operator charts/ensemble-operator -n ${OPERATOR_NAMESPACE}`;
const OTHER_VERSION = "0.1.1";

const SPEC = {
  storage: { size: "100Mi" },
  config: { tickTime: 500 },
  resources: { requests: { cpu: "10m", memory: "64Mi" } },
};

const ensemble = new EnsembleOnCluster(NAMESPACE, "kept");
let load: UnderLoad;

function helm(line: string, input?: string): Promise<string> {
  return must("helm", line.split(" "), input);
}

async function installOperator(...options: readonly string[]): Promise<void> {
  const flags = ["--create-namespace", "--wait", "--timeout=90s", ...options];
  await helm(["upgrade --install", OPERATOR_CHART, ...flags].join(" "));
}

async function installEnsemble(spec: object): Promise<void> {
  const values = JSON.stringify({ spec: { ...SPEC, ...spec } });
  await helm(
    `upgrade --install kept charts/ensemble -n ${NAMESPACE} --create-namespace -f -`,
    values,
  );
  await ensemble.whenReady(PATIENCE_MS);
}

async function dump(): Promise<string[]> {
  return formatDump(await dumpTree(ensemble.connectString, { transport: clusterTransport }));
}

describe.skipIf(!HAS_PODS)("With Helm", () => {
  afterAll(async () => {
    await kubectl(`delete namespace ${NAMESPACE} --wait=false`);
    await removeOperator();
  }, PATIENCE_MS);

  test("the operator and an ensemble are installed", async () => {
    await installOperator();
    await installEnsemble({});
    load = await UnderLoad.start(ensemble.connectString);
  });

  test("an ensemble is upgraded", async () => {
    await load.during("upgrade the ensemble", () =>
      installEnsemble({ config: { ...SPEC.config, snapCount: 70_000 } }),
    );
  });

  test("the operator is upgraded, and members to its image", async () => {
    await load.during("upgrade the operator", async () => {
      await installOperator(`--set=image.tag=${OTHER_VERSION}`);
      const isUpgraded = async (): Promise<boolean> => {
        const pods = await ensemble.pods();
        return pods.every(({ spec }) => spec.containers[0]?.image.endsWith(OTHER_VERSION));
      };
      await eventually("all members run the new version", isUpgraded, PATIENCE_MS);
      await ensemble.whenReady(PATIENCE_MS);
    });
  });

  test("the operator is uninstalled and installed, and the ensemble serves all the time", async () => {
    await load.during("operator away and back", async () => {
      await helm(`uninstall ensemble-operator -n ${OPERATOR_NAMESPACE} --wait`);
      const isAway = async (): Promise<boolean> =>
        (await kubectl(`get pods -l ${OPERATOR} -n ${OPERATOR_NAMESPACE} -o name`)) === "";
      await eventually("the operator is away", isAway, PATIENCE_MS);
      await kubectl(`get ensemble kept -n ${NAMESPACE}`);
      await installOperator(`--set=image.tag=${OTHER_VERSION}`);
      await ensemble.whenReady(PATIENCE_MS);
    });
  });

  test("nothing is lost", async () => {
    console.log(load.format());
    expect(await load.finish()).toEqual([]);
  });

  test("an ensemble that is uninstalled keeps its data for the next of its name", async () => {
    const before = await dump();
    await helm(`uninstall kept -n ${NAMESPACE} --wait`);
    const isGone = async (): Promise<boolean> => (await ensemble.pods()).length === 0;
    await eventually("the pods are gone", isGone, PATIENCE_MS);
    const claims = await kubectl(`get pvc -n ${NAMESPACE} -o name`);
    expect(claims.trim().split("\n")).toHaveLength(3);
    await installEnsemble({});
    expect(await dump()).toEqual(before);
  });
});
