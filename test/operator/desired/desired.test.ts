import { describe, expect, it } from "vitest";
import {
  buildNetworkPolicy,
  buildPodDisruptionBudget,
  buildServices,
} from "../../../src/operator/index.ts";
import type { SpecObject } from "../../../src/operator/index.ts";
import { MEMBERS, ownerWith } from "./support/owner.ts";

function serviceNamed(services: readonly SpecObject[], name: string): SpecObject {
  return services.find(({ metadata }) => metadata.name === name)!;
}

describe("what every object has", () => {
  it("is in the ensemble's namespace, labelled, and goes when the ensemble goes", () => {
    const owner = ownerWith({ service: { external: {} }, observers: 1 });
    const objects = [
      ...buildServices(owner),
      buildNetworkPolicy(owner)!,
      buildPodDisruptionBudget(owner, 3)!,
    ];
    expect(objects).toHaveLength(8);
    for (const { metadata } of objects) {
      expect(metadata).toMatchObject({
        namespace: "prod",
        labels: { ...MEMBERS, "app.kubernetes.io/managed-by": "ensemble-operator" },
        ownerReferences: [{ kind: "Ensemble", name: "demo", uid: "abc", controller: true }],
      });
    }
  });
});

describe("buildServices()", () => {
  it("names members before they are ready, by a Service without an address", () => {
    const service = serviceNamed(buildServices(ownerWith()), "demo-members");
    expect(service.spec).toMatchObject({
      clusterIP: "None",
      publishNotReadyAddresses: true,
      selector: MEMBERS,
      ports: [
        { name: "client", port: 2181 },
        { name: "quorum", port: 2888 },
        { name: "election", port: 3888 },
        { name: "metrics", port: 7000 },
      ],
    });
  });

  it("has a Service for clients as the spec says", () => {
    const client = {
      type: "LoadBalancer",
      port: 2182,
      nodePort: 30_181,
      annotations: { a: "b" },
      loadBalancerClass: "internal",
      loadBalancerSourceRanges: ["10.0.0.0/8"],
    };
    const service = serviceNamed(buildServices(ownerWith({ service: { client } })), "demo");
    expect(service.metadata.annotations).toEqual({ a: "b" });
    expect(service.spec).toEqual({
      type: "LoadBalancer",
      selector: MEMBERS,
      ports: [
        { name: "client", port: 2182, targetPort: "client", protocol: "TCP", nodePort: 30_181 },
      ],
      loadBalancerClass: "internal",
      loadBalancerSourceRanges: ["10.0.0.0/8"],
    });
  });

  it("leaves what the spec leaves out to Kubernetes", () => {
    const service = serviceNamed(buildServices(ownerWith()), "demo");
    expect(Object.keys(service.spec).sort()).toEqual(["ports", "selector", "type"]);
    expect(JSON.stringify(service)).not.toContain("nodePort");
  });

  it("has one for each member only if the spec asks for them", () => {
    expect(buildServices(ownerWith())).toHaveLength(2);
    const services = buildServices(
      ownerWith({ replicas: 2, observers: 1, service: { external: { type: "NodePort" } } }),
    ).slice(2);
    expect(services.map(({ metadata }) => metadata.name)).toEqual([
      "demo-0-external",
      "demo-1-external",
      "demo-observers-0-external",
    ]);
    expect(services[2]!.spec).toMatchObject({
      type: "NodePort",
      externalTrafficPolicy: "Local",
      selector: { ...MEMBERS, "statefulset.kubernetes.io/pod-name": "demo-observers-0" },
    });
  });
});

describe("buildPodDisruptionBudget()", () => {
  it.each([3, 4, 5, 7])("lets one of %i voters go at a time, which leaves a quorum", (voters) => {
    const spec = buildPodDisruptionBudget(ownerWith(), voters)!.spec as { minAvailable: number };
    expect(spec.minAvailable).toBe(voters - 1);
    expect(spec.minAvailable).toBeGreaterThan(voters / 2);
  });

  it("counts voters, not observers", () => {
    expect(buildPodDisruptionBudget(ownerWith(), 3)!.spec).toMatchObject({
      selector: { matchLabels: { ...MEMBERS, "ensemble.dev/role": "voter" } },
    });
  });

  it.each([1, 2])("does not hold drains up where %i voters cannot spare one", (voters) => {
    expect(buildPodDisruptionBudget(ownerWith(), voters)).toBeNull();
  });

  it("is not there if the spec says so", () => {
    const owner = ownerWith({ podDisruptionBudget: { enabled: false } });
    expect(buildPodDisruptionBudget(owner, 3)).toBeNull();
  });
});

describe("buildNetworkPolicy()", () => {
  interface Rule {
    readonly ports: readonly { port: number; protocol: string }[];
    readonly from?: readonly object[];
  }

  function fromOf(port: number, spec: object = {}): readonly object[] | undefined {
    const { ingress } = buildNetworkPolicy(ownerWith(spec))!.spec as { ingress: Rule[] };
    const rules = ingress.filter(({ ports }) => ports.some((at) => at.port === port));
    expect(rules).toHaveLength(1);
    return rules[0]!.from;
  }

  const OPERATOR = {
    namespaceSelector: {},
    podSelector: { matchLabels: { "app.kubernetes.io/name": "ensemble-operator" } },
  };

  it("is about the members' pods and what comes in", () => {
    expect(buildNetworkPolicy(ownerWith())!.spec).toMatchObject({
      podSelector: { matchLabels: MEMBERS },
      policyTypes: ["Ingress"],
    });
  });

  it.each([2888, 3888])("lets members only connect to port %i", (port) => {
    expect(fromOf(port)).toEqual([{ podSelector: { matchLabels: MEMBERS } }]);
  });

  it("lets the operator only connect to the admin port", () => {
    expect(fromOf(8080)).toEqual([OPERATOR]);
  });

  it("lets everybody be a client, or whom the spec names and the operator", () => {
    expect(fromOf(2181)).toBeUndefined();
    const clients = [{ namespaceSelector: { matchLabels: { team: "a" } } }];
    expect(fromOf(2181, { networkPolicy: { clients } })).toEqual([...clients, OPERATOR]);
  });

  it("lets everybody read metrics, or whom the spec names", () => {
    expect(fromOf(7000)).toBeUndefined();
    const monitoring = [{ podSelector: {} }];
    expect(fromOf(7000, { networkPolicy: { monitoring } })).toEqual([...monitoring, OPERATOR]);
  });

  it("is not there if the spec says so", () => {
    expect(buildNetworkPolicy(ownerWith({ networkPolicy: { enabled: false } }))).toBeNull();
  });
});
