/**
 * The objects that an ensemble is made of, on a real API server: it knows every field of them, takes
 * them as they are, and lets their pods into a namespace of the strictest pod security standard.
 */
import { beforeAll, describe, expect, test } from "vitest";
import {
  buildNetworkPolicy,
  buildPodDisruptionBudget,
  buildServices,
  buildStatefulSet,
  parseEnsemble,
} from "../../src/operator/index.ts";
import { apply, kubectl, must } from "./support/kubectl.ts";
import { HAS_API } from "./support/which-cluster.ts";

const NAMESPACE = "children-test";

const SPECS: Readonly<Record<string, object>> = {
  "the least": {},
  "all that can be asked for": {
    replicas: 5,
    observers: 2,
    storage: { size: "10Gi", storageClassName: "fast", logVolume: { size: "1Gi" } },
    resources: { requests: { cpu: "1", memory: "1Gi" }, limits: { memory: "2Gi" } },
    image: { pullSecrets: [{ name: "registry" }] },
    podTemplate: {
      labels: { team: "a" },
      annotations: { note: "b" },
      nodeSelector: { disk: "fast" },
      tolerations: [{ key: "dedicated", operator: "Exists", effect: "NoSchedule" }],
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" },
      ],
      schedulerName: "default-scheduler",
    },
    service: {
      client: {
        type: "LoadBalancer",
        nodePort: 30_181,
        loadBalancerClass: "example.com/a",
        loadBalancerSourceRanges: ["10.0.0.0/8"],
      },
      external: { type: "NodePort" },
    },
    networkPolicy: { clients: [{ namespaceSelector: {} }], monitoring: [{ podSelector: {} }] },
  },
};

interface Child {
  readonly kind: string;
  readonly spec: { readonly template?: { readonly metadata: object; readonly spec: PodSpec } };
}

interface PodSpec {
  readonly volumes: readonly object[];
}

function childrenOf(spec: object): Child[] {
  const object = {
    apiVersion: "ensemble.dev/v1",
    kind: "Ensemble",
    metadata: { name: "demo", namespace: NAMESPACE },
    spec,
  };
  const owner = { ensemble: parseEnsemble(JSON.stringify(object), "e.json", () => []), uid: "u" };
  const pods = { image: "ensemble:1.2.3", args: ["member"], configHash: "h", configMapName: "c" };
  const children = [
    ...buildServices(owner),
    buildNetworkPolicy(owner),
    buildPodDisruptionBudget(owner, 3),
    buildStatefulSet(owner, { ...pods, component: "member", replicas: 3 }),
    buildStatefulSet(owner, { ...pods, component: "observer", replicas: 2 }),
  ];
  return children.filter((child) => child !== null);
}

describe.skipIf(!HAS_API)("The children of an ensemble", () => {
  beforeAll(async () => {
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE, labels } });
  });

  test.each(Object.entries(SPECS))("are accepted as they are: %s", async (_, spec) => {
    const items = childrenOf(spec);
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    // Whoever applies on the server's side is told of every field that it does not know.
    const said = await must("kubectl", ["apply", "--server-side", "--dry-run=server", "-f-"], list);
    expect(said.trim().split("\n")).toHaveLength(items.length);
  });

  test.each(Object.entries(SPECS))("have pods that are restricted: %s", async (_, spec) => {
    const sets = childrenOf(spec).filter(({ kind }) => kind === "StatefulSet");
    expect(sets).toHaveLength(2);
    for (const { spec: set } of sets) {
      const { metadata, spec: pod } = set.template!;
      const volumes = ["data", "log"].map((name) => ({ name, emptyDir: {} }));
      const object = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { ...metadata, name: "pod", namespace: NAMESPACE },
        spec: { ...pod, volumes: [...pod.volumes, ...volumes], serviceAccountName: "default" },
      };
      await kubectl("create --dry-run=server -f -", JSON.stringify(object));
    }
  });
});
