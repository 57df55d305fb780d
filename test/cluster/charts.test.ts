/**
 * The Helm charts, by Helm itself and by a real API server, and what is made of them: the manifest
 * that installs the operator without Helm. `vitest run --project cluster charts -u` writes it anew.
 */
import { readFileSync } from "node:fs";
import { loadAll } from "js-yaml";
import { describe, expect, test } from "vitest";
import { eventually } from "../integration/support/test-ensemble.ts";
import { apply, kubectl, must, run } from "./support/kubectl.ts";
import type { Ran } from "./support/kubectl.ts";
import { HAS_API } from "./support/which-cluster.ts";

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly object[];
  readonly spec?: object;
}

const NAMESPACE = "ensemble-system";

const INSTALL_HEADING = `# The operator of Ensemble, for all namespaces:
#   kubectl apply --server-side -f install.yaml
# Made from charts/ensemble-operator with its default values: do not edit.
apiVersion: v1
kind: Namespace
metadata:
  name: ${NAMESPACE}
  labels:
    pod-security.kubernetes.io/enforce: restricted
`;

function template(chart: string, ...options: readonly string[]): Promise<string> {
  const release = ["template", "ensemble-operator", `charts/${chart}`, "--namespace", NAMESPACE];
  return must("helm", [...release, ...options]);
}

async function render(chart: string, ...options: readonly string[]): Promise<Rendered[]> {
  return (loadAll(await template(chart, ...options)) as (Rendered | null)[]).filter(
    (object) => object !== null,
  );
}

describe.skipIf(!HAS_API)("The charts", () => {
  test.each(["ensemble-operator", "ensemble"])(
    "helm lint has nothing against %s",
    async (chart) => {
      const { code, stdout } = await run("helm", ["lint", "--strict", `charts/${chart}`]);
      expect(stdout).not.toMatch(/WARNING|ERROR/u);
      expect(code).toBe(0);
    },
  );

  test("manifests/install.yaml is what the chart makes", async () => {
    const rendered = (await template("ensemble-operator", "--set", "crds.install=false"))
      // Nothing is managed by Helm there.
      .replaceAll("managed-by: Helm", "managed-by: kubectl")
      .replaceAll(/^# Source: .*\n/gmu, "");
    // The definition is as it is generated, so that it can be brought up to date without Helm.
    const definition = readFileSync("crds/ensemble.dev_ensembles.yaml", "utf8");
    const text = `${INSTALL_HEADING}---\n${definition}${rendered}`;
    await expect(text).toMatchFileSnapshot("../../manifests/install.yaml");
  });

  test("manifests/install.yaml is accepted by an API server", async () => {
    const objects = loadAll(readFileSync("manifests/install.yaml", "utf8")) as Rendered[];
    const [namespace] = objects;
    expect(namespace?.kind).toBe("Namespace");
    await kubectl("apply --server-side -f -", JSON.stringify(namespace));
    await kubectl("apply --server-side --dry-run=server -f manifests/install.yaml");
  });

  test("an Ensemble that is protected cannot be deleted", async () => {
    await kubectl("apply --server-side -f crds");
    await kubectl("wait --for=condition=Established --timeout=30s crd/ensembles.ensemble.dev");
    const policy = await template("ensemble-operator", "-s", "templates/deletion-protection.yaml");
    await kubectl("apply --server-side -f -", policy);
    const metadata = { name: "protected", namespace: "default" };
    const protect = (deletionProtection: boolean): Promise<string> =>
      apply({
        apiVersion: "ensemble.dev/v1",
        kind: "Ensemble",
        metadata,
        spec: { paused: true, deletionProtection },
      });
    await protect(true);
    const tryToDelete = (): Promise<Ran> =>
      run("kubectl", ["delete", "ensemble", "protected", "--dry-run=server"]);
    // The API server takes a policy up a little later.
    await eventually("it is refused", async () => (await tryToDelete()).code !== 0);
    expect((await tryToDelete()).stderr).toContain("Expected spec.deletionProtection to be false");
    await protect(false);
    await kubectl("delete ensemble protected --wait=true --timeout=30s");
    await kubectl("delete -f -", policy);
  });

  describe("charts/ensemble-operator", () => {
    test("with namespaces has rights in those alone", async () => {
      const objects = await render("ensemble-operator", "--set", "watchNamespaces={a,b}");
      const roles = objects.filter(({ kind }) => /Role$/u.test(kind));
      expect(roles.map(({ kind, metadata }) => `${kind} ${metadata.namespace}`).sort()).toEqual([
        ...["Role a", "Role b", `Role ${NAMESPACE}`],
      ]);
      expect(objects.some(({ kind }) => kind.startsWith("Cluster"))).toBe(false);
      const deployment = objects.find(({ kind }) => kind === "Deployment");
      expect(JSON.stringify(deployment)).toContain('"--namespace=a","--namespace=b"');
    });

    test("keeps the definition, unless told otherwise", async () => {
      const keep = '"helm.sh/resource-policy":"keep"';
      const crdWith = async (...options: readonly string[]): Promise<string> =>
        JSON.stringify(
          (await render("ensemble-operator", ...options)).find(
            ({ kind }) => kind === "CustomResourceDefinition",
          ),
        );
      expect(await crdWith()).toContain(keep);
      expect(await crdWith("--set", "crds.keep=false")).not.toContain(keep);
      expect(await crdWith("--set", "crds.install=false")).toBeUndefined();
    });

    test.each(["replicas=-1", "replica=2", "logLevel=loud", "image.tga=1"])(
      "refuses %s",
      async (value) => {
        await expect(template("ensemble-operator", "--set", value)).rejects.toThrow(
          "values don't meet the specifications of the schema",
        );
      },
    );
  });

  describe("charts/ensemble", () => {
    test("makes an Ensemble of its values", async () => {
      const values = ["--set", "spec.replicas=5,name=demo,spec.storage.size=1Gi"];
      expect(await render("ensemble", ...values)).toMatchObject([
        {
          apiVersion: "ensemble.dev/v1",
          kind: "Ensemble",
          metadata: { name: "demo", namespace: NAMESPACE },
          spec: { replicas: 5, storage: { size: "1Gi" } },
        },
      ]);
    });

    test.each(["spec.replica=3", "spec.replicas=0", "spec.storage.retention.whenScaled=Keep"])(
      "refuses %s",
      async (value) => {
        await expect(template("ensemble", "--set", value)).rejects.toThrow(
          "values don't meet the specifications of the schema",
        );
      },
    );
  });
});
