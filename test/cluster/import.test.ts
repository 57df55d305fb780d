/**
 * An ensemble of Apache's servers beside the cluster becomes one on it, while clients write and
 * read: the pods join it, take its place, and its servers stop.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { superUser } from "../compat/support/tree-dump.ts";
import {
  EnsembleOnCluster,
  installOperator,
  removeOperator,
} from "./support/ensemble-on-cluster.ts";
import { apply, kubectl } from "./support/kubectl.ts";
import { OldServers } from "./support/old-servers.ts";
import { UnderLoad } from "./support/under-load.ts";
import { HAS_PODS } from "./support/which-cluster.ts";

const NAMESPACE = "import";
const PATIENCE_MS = 120_000;
/** Ids of pods follow those of the old servers. */
const FIRST_ORDINAL = 3;

const ensemble = new EnsembleOnCluster(NAMESPACE, "zk", FIRST_ORDINAL);

describe.skipIf(!HAS_PODS)("An import", () => {
  let old: OldServers;
  let load: UnderLoad;

  beforeAll(async () => {
    old = await OldServers.start();
    await installOperator();
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
    const [username = "", password = ""] = superUser.auth.split(":");
    const metadata = { name: "old-admin", namespace: NAMESPACE };
    const stringData = { username, password };
    await apply({ apiVersion: "v1", kind: "Secret", metadata, stringData });
    load = await UnderLoad.start([...old.addresses, ensemble.connectString].join(","));
  }, PATIENCE_MS);

  afterAll(async () => {
    await kubectl(`delete namespace ${NAMESPACE} --wait=true --timeout=110s`);
    await removeOperator();
    await old.remove();
  }, PATIENCE_MS);

  async function want(takeOver: boolean): Promise<void> {
    await ensemble.want({
      replicas: 3,
      storage: { size: "100Mi" },
      config: { tickTime: 500, initLimit: 20, syncLimit: 10 },
      resources: { requests: { cpu: "10m", memory: "64Mi" } },
      bootstrap: { import: { servers: old.addresses, authSecretName: "old-admin", takeOver } },
    });
  }

  test("joins the old servers", async () => {
    await load.during("import: pods join", async () => {
      await want(false);
      await ensemble.whenReason("Imported", "Joined", PATIENCE_MS);
    });
  });

  test("takes their place", async () => {
    await load.during("import: old servers leave", async () => {
      await want(true);
      await ensemble.whenReason("Imported", "OldServersMayGo", PATIENCE_MS);
      await ensemble.whenReady(PATIENCE_MS);
    });
    await load.during("import: old servers stop", () => old.stop());
  });

  test("has lost nothing", async () => {
    console.log(load.format());
    expect(await load.finish()).toEqual([]);
  });
});
