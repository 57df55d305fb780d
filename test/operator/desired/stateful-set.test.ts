import { describe, expect, it } from "vitest";
import { buildStatefulSet, parseEnsemble } from "../../../src/operator/index.ts";

const MEMBERS = { "app.kubernetes.io/name": "ensemble", "app.kubernetes.io/instance": "demo" };

interface StatefulSetSpec {
  readonly replicas: number;
  readonly selector: { readonly matchLabels: object };
  readonly volumeClaimTemplates: readonly object[];
  readonly template: {
    readonly metadata: { readonly labels: object; readonly annotations: object };
    readonly spec: Readonly<Record<string, unknown>> & {
      readonly containers: readonly Readonly<Record<string, unknown>>[];
    };
  };
}

function build(
  spec: object = {},
  component: "member" | "observer" = "member",
  volumeSizes: Readonly<Record<string, string>> = {},
  status: object = {},
) {
  const object = {
    apiVersion: "ensemble.dev/v1",
    kind: "Ensemble",
    metadata: { name: "demo" },
    spec,
    status,
  };
  const ensemble = parseEnsemble(JSON.stringify(object), "e.json", () => []);
  const options = {
    component,
    replicas: 2,
    volumeSizes,
    image: "registry.example/ensemble:1.2.3",
    args: ["member"],
    configMapName: "demo-config",
    configHash: "c0ffee",
  };
  const built = buildStatefulSet({ ensemble, uid: "abc" }, options);
  const { template, ...rest } = built.spec as StatefulSetSpec;
  return { name: built.metadata.name, rest, template, container: template.spec.containers[0]! };
}

describe("buildStatefulSet()", () => {
  it("leaves every decision to the operator", () => {
    const { name, rest } = build({ replicas: 5 });
    expect(name).toBe("demo");
    expect(rest).toMatchObject({
      serviceName: "demo-members",
      replicas: 2,
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "OnDelete" },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
    });
  });

  it("keeps the sizes of volumes that a StatefulSet has already, as they cannot change", () => {
    const storage = { size: "20Gi", logVolume: { size: "2Gi" } };
    const sizesOf = (volumeSizes: Record<string, string>): unknown[] => {
      const { rest } = build({ storage }, "member", volumeSizes);
      return rest.volumeClaimTemplates.map((template) => {
        return (template as { spec: { resources: unknown } }).spec.resources;
      });
    };
    const requests = (storage: string): object => ({ requests: { storage } });
    expect(sizesOf({ data: "10Gi", log: "1Gi" })).toEqual([requests("10Gi"), requests("1Gi")]);
    expect(sizesOf({})).toEqual([requests("20Gi"), requests("2Gi")]);
  });

  it("begins after the ids of imported servers, with voters", () => {
    const status = { phase: "Running", firstId: 4 };
    expect(build({}, "member", {}, status).rest).toMatchObject({ ordinals: { start: 3 } });
    expect(build({}, "observer", {}, status).rest).not.toHaveProperty("ordinals");
    expect(build().rest).not.toHaveProperty("ordinals");
  });

  it("selects other pods for observers than for voters", () => {
    const observers = build({}, "observer");
    expect(observers.name).toBe("demo-observers");
    const labels = { ...MEMBERS, "app.kubernetes.io/component": "observer" };
    expect(observers.rest.selector.matchLabels).toEqual(labels);
    expect(observers.template.metadata.labels).toEqual(labels);
    expect(build().rest.selector.matchLabels).toEqual({
      ...MEMBERS,
      "app.kubernetes.io/component": "member",
    });
  });

  it("meets the restricted pod security standard", () => {
    const { template, container } = build();
    expect(template.spec["securityContext"]).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(container["securityContext"]).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(template.spec["automountServiceAccountToken"]).toBe(false);
    const text = JSON.stringify(template);
    for (const word of ["hostNetwork", "hostPath", "hostPort", "privileged", "hostPID"]) {
      expect(text).not.toContain(word);
    }
  });

  it("mounts a volume for every mount, and the settings read-only", () => {
    const { rest, template, container } = build({
      storage: { size: "20Gi", storageClassName: "big", logVolume: { size: "1Gi" } },
    });
    expect(rest.volumeClaimTemplates).toEqual([
      {
        metadata: { name: "data" },
        spec: {
          accessModes: ["ReadWriteOnce"],
          storageClassName: "big",
          resources: { requests: { storage: "20Gi" } },
        },
      },
      {
        metadata: { name: "log" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      },
    ]);
    const mounts = container["volumeMounts"] as { name: string; readOnly?: boolean }[];
    expect(mounts.map(({ name }) => name)).toEqual(["config", "data", "log", "tmp"]);
    expect(mounts[0]!.readOnly).toBe(true);
    expect(template.spec["volumes"]).toEqual([
      { name: "config", configMap: { name: "demo-config" } },
      { name: "tmp", emptyDir: {} },
    ]);
  });

  it("asks the server's own probes", () => {
    const { container } = build({ probes: { liveness: { periodSeconds: 7 } } });
    expect(container).toMatchObject({
      startupProbe: { httpGet: { path: "/startupz", port: "admin" }, periodSeconds: 2 },
      livenessProbe: { httpGet: { path: "/livez", port: "admin" }, periodSeconds: 7 },
      readinessProbe: { httpGet: { path: "/readyz", port: "admin" }, failureThreshold: 2 },
    });
  });

  it("takes over what the spec says about pods, and never its own labels from it", () => {
    const { template } = build({
      podTemplate: {
        labels: { team: "a", "app.kubernetes.io/name": "other" },
        annotations: { note: "b", "ensemble.dev/config-hash": "forged" },
        tolerations: [{ key: "dedicated", operator: "Exists" }],
        topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "zone" }],
        affinity: { nodeAffinity: {} },
        priorityClassName: "high",
        runAsUser: 2000,
      },
      image: { pullSecrets: [{ name: "registry" }] },
    });
    expect(template.metadata).toEqual({
      labels: { team: "a", ...MEMBERS, "app.kubernetes.io/component": "member" },
      annotations: { note: "b", "ensemble.dev/config-hash": "c0ffee" },
    });
    expect(template.spec).toMatchObject({
      tolerations: [{ key: "dedicated", operator: "Exists" }],
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: "zone", labelSelector: { matchLabels: MEMBERS } },
      ],
      affinity: { nodeAffinity: {} },
      priorityClassName: "high",
      imagePullSecrets: [{ name: "registry" }],
      securityContext: { runAsUser: 2000, runAsNonRoot: true },
    });
  });

  it("keeps members on nodes of their own where it can", () => {
    const { template } = build();
    expect(JSON.stringify(template.spec["affinity"])).toMatch(
      /^\{"podAntiAffinity":\{"preferred.*"kubernetes\.io\/hostname"/u,
    );
    expect(template.spec).not.toHaveProperty("tolerations");
  });
});
