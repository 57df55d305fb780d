/**
 * Who may connect to members. The ports between members are for members only, except while they
 * are one ensemble with servers that are imported; clients and monitoring as the spec says; the
 * operator, from any namespace, wherever it has something to ask. What members themselves connect
 * to is not restricted.
 */
import { MEMBER_PORTS, OPERATOR_LABELS, buildChild, memberLabels } from "./child.ts";
import type { SpecObject, Owner } from "./child.ts";

/** The policy, or null if there is to be none. */
export function buildNetworkPolicy(owner: Owner): SpecObject | null {
  const { ensemble } = owner;
  const { networkPolicy, service } = ensemble.spec;
  if (!networkPolicy.enabled) return null;
  const members = { podSelector: { matchLabels: memberLabels(ensemble) } };
  const operator = { namespaceSelector: {}, podSelector: { matchLabels: OPERATOR_LABELS } };
  return buildChild(owner, {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    name: ensemble.metadata.name,
    content: {
      spec: {
        ...members,
        policyTypes: ["Ingress"],
        ingress: [
          // Servers that are imported may be anywhere.
          rule(
            [MEMBER_PORTS.quorum, MEMBER_PORTS.election],
            ensemble.status?.phase === "Importing" ? [] : [members],
          ),
          rule([service.client.port], orEverybody(networkPolicy.clients, operator)),
          rule([MEMBER_PORTS.metrics], orEverybody(networkPolicy.monitoring, operator)),
          rule([MEMBER_PORTS.admin], [operator]),
        ],
      },
    },
  });
}

/** A rule that names nobody lets everybody in. */
function orEverybody(peers: readonly object[], operator: object): readonly object[] {
  return peers.length === 0 ? [] : [...peers, operator];
}

function rule(ports: readonly number[], from: readonly object[]): object {
  return {
    ports: ports.map((port) => ({ port, protocol: "TCP" })),
    ...(from.length === 0 ? {} : { from }),
  };
}
