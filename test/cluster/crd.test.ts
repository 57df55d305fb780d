/**
 * The custom resource definition on a real API server, which alone evaluates its rules, estimates
 * what they cost, fills in defaults and prunes. No pod runs for this.
 */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RULE_EXAMPLES } from "../operator/api/rule-examples.ts";
import { defaultSpec } from "../../src/operator/index.ts";
import type { Manifest } from "../../src/operator/kube/index.ts";
import { ENSEMBLE, openKubeClient } from "./support/kube-client.ts";
import { apply, get, kubectl, run } from "./support/kubectl.ts";
import { HAS_API } from "./support/which-cluster.ts";

const NAMESPACE = "crd-test";

function ensemble(name: string, spec: object): Manifest {
  const metadata = { name, namespace: NAMESPACE };
  return { apiVersion: "ensemble.dev/v1", kind: "Ensemble", metadata, spec };
}

function freshName(): string {
  return `e-${randomUUID().slice(0, 8)}`;
}

describe.skipIf(!HAS_API)("The definition of Ensembles", () => {
  beforeAll(async () => {
    await kubectl("apply --server-side -f crds");
    await kubectl("wait --for=condition=Established --timeout=30s crd/ensembles.ensemble.dev");
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
  });

  // An operator that is installed later would see to them.
  afterAll(async () => {
    await kubectl(`delete ensembles --all -n ${NAMESPACE} --wait=true --timeout=60s`);
  });

  describe("has rules", () => {
    const client = openKubeClient();

    async function ask(object: Manifest): Promise<void> {
      await client.apply(ENSEMBLE, object, { fieldManager: "crd-test" });
    }

    test.each(Object.entries(RULE_EXAMPLES))("%s", async (rule, example) => {
      const name = freshName();
      const before = example.before ?? {};
      if (example.before !== undefined) await ask(ensemble(name, before));
      await ask(ensemble(name, example.accepted));

      const refusedName = example.refusedName ?? freshName();
      if (example.before !== undefined) await ask(ensemble(refusedName, before));
      const refusal = ask(ensemble(refusedName, example.refused));
      await expect(refusal).rejects.toThrow(
        `Expected ${rule.slice(rule.indexOf(": ") + 1).trim()}`,
      );
      // Of this rule alone: every complaint of the API server is on a line of its own.
      const said = await refusal.then(String, String);
      expect(said.match(/Expected /gu)).toHaveLength(1);
    });
  });

  test("an Ensemble of which nothing is said gets the defaults that `ensemble up` gives", async () => {
    const name = freshName();
    await apply(ensemble(name, {}));
    const { spec } = await get<{ spec: object }>(`ensemble ${name} -n ${NAMESPACE}`);
    expect(spec).toEqual(defaultSpec());
  });

  test("values of every type that a setting may have are kept as they are", async () => {
    const name = freshName();
    const config = { tickTime: 2000, "4lw.commands.whitelist": "*", quorumListenOnAllIPs: true };
    await apply(ensemble(name, { config }));
    const { spec } = await get<{ spec: { config: object } }>(`ensemble ${name} -n ${NAMESPACE}`);
    expect(spec.config).toEqual(config);
  });

  test("a field that does not exist is refused by its name", async () => {
    const misspelt = apply(ensemble(freshName(), { replica: 3 }));
    await expect(misspelt).rejects.toThrow('unknown field "replica"');
  });

  test("`kubectl explain` describes every field", async () => {
    const fields = await kubectl("explain ensemble --recursive");
    for (const name of ["replicas", "whenScaled", "topologySpreadConstraints", "ensembleUid"]) {
      expect(fields).toContain(name);
    }
    const size = await kubectl("explain ensemble.spec.storage.size");
    expect(size).toContain("It can grow, and not shrink.");
  });

  test("the short name, the columns and the category `all`", async () => {
    const name = freshName();
    await apply(ensemble(name, {}));
    const status = {
      memberSummary: "2/3",
      leader: `${name}-1`,
      version: "1.2.3",
      conditions: [
        {
          type: "Ready",
          status: "False",
          reason: "MembersNotReady",
          message: "1 of 3 is missing",
          lastTransitionTime: "2026-01-02T03:04:05Z",
        },
      ],
    };
    const object = JSON.stringify({ ...ensemble(name, {}), spec: undefined, status });
    await kubectl("apply --server-side --subresource=status -f -", object);
    const table = await kubectl(`get ens ${name} -n ${NAMESPACE}`);
    const [heading, row] = table.split("\n").map((line) => line.split(/\s{2,}|\s+$/u));
    expect(heading!.slice(0, 7)).toEqual([
      ...["NAME", "READY", "MEMBERS", "LEADER", "VERSION", "STATUS", "AGE"],
    ]);
    expect(row!.slice(0, 6)).toEqual([
      ...[name, "False", "2/3", `${name}-1`, "1.2.3", "MembersNotReady"],
    ]);
    expect(await kubectl(`get all -n ${NAMESPACE}`)).toContain(`ensemble.ensemble.dev/${name}`);
  });

  test("`kubectl scale` sets the number of voting members, and a status tells of them", async () => {
    const name = freshName();
    await apply(ensemble(name, { replicas: 1 }));
    const status = { replicas: 1, selector: "app.kubernetes.io/instance=a" };
    const object = JSON.stringify({ ...ensemble(name, {}), spec: undefined, status });
    await kubectl("apply --server-side --subresource=status -f -", object);
    await kubectl(`scale ens ${name} -n ${NAMESPACE} --replicas=5`);
    const path = `/apis/ensemble.dev/v1/namespaces/${NAMESPACE}/ensembles/${name}`;
    const scale = JSON.parse(await kubectl(`get --raw ${path}/scale`)) as object;
    expect(scale).toMatchObject({
      spec: { replicas: 5 },
      status: { replicas: 1, selector: "app.kubernetes.io/instance=a" },
    });
    const tooMany = await run("kubectl", ["scale", "ens", name, "-n", NAMESPACE, "--replicas=0"]);
    expect(tooMany.stderr).toContain("spec.replicas");
  });
});
