/**
 * The Services of an ensemble: one that gives members their names, one for clients, and one for
 * each member if clients outside the cluster are to reach it.
 */
import type { ClientServiceSpec, ExternalServiceSpec } from "../api/ensemble-spec.ts";
import { MEMBER_PORTS, buildChild, memberLabels, membersServiceName } from "./child.ts";
import type { Owner, SpecObject } from "./child.ts";
import { podName, wantedIds } from "./member-names.ts";

/** All Services. */
export function buildServices(owner: Owner): SpecObject[] {
  const { external } = owner.ensemble.spec.service;
  return [
    buildMembersService(owner),
    buildClientService(owner),
    ...(external === undefined
      ? []
      : wantedIds(owner.ensemble).map((id) =>
          buildExternalService(owner, podName(owner.ensemble, id), external),
        )),
  ];
}

/** Names of members resolve before they are ready: they need each other to become so. */
function buildMembersService(owner: Owner): SpecObject {
  const { ensemble } = owner;
  return buildChild(owner, {
    apiVersion: "v1",
    kind: "Service",
    name: membersServiceName(ensemble),
    content: {
      spec: {
        clusterIP: "None",
        publishNotReadyAddresses: true,
        selector: memberLabels(ensemble),
        ports: [
          port("client", ensemble.spec.service.client.port),
          port("quorum", MEMBER_PORTS.quorum),
          port("election", MEMBER_PORTS.election),
          port("metrics", MEMBER_PORTS.metrics),
        ],
      },
    },
  });
}

function buildClientService(owner: Owner): SpecObject {
  const { ensemble } = owner;
  const { client } = ensemble.spec.service;
  const clientPort = port("client", client.port);
  return buildChild(owner, {
    apiVersion: "v1",
    kind: "Service",
    name: ensemble.metadata.name,
    annotations: client.annotations,
    content: {
      spec: {
        type: client.type,
        selector: memberLabels(ensemble),
        ports: [
          client.nodePort === undefined ? clientPort : { ...clientPort, nodePort: client.nodePort },
        ],
        ...loadBalancerFields(client),
      },
    },
  });
}

/** Connections go to the node that has the pod, without a hop through another one. */
function buildExternalService(
  owner: Owner,
  pod: string,
  external: ExternalServiceSpec,
): SpecObject {
  const { ensemble } = owner;
  return buildChild(owner, {
    apiVersion: "v1",
    kind: "Service",
    name: `${pod}-external`,
    annotations: external.annotations,
    content: {
      spec: {
        type: external.type,
        externalTrafficPolicy: "Local",
        selector: { ...memberLabels(ensemble), "statefulset.kubernetes.io/pod-name": pod },
        ports: [port("client", ensemble.spec.service.client.port)],
        ...loadBalancerFields(external),
      },
    },
  });
}

function loadBalancerFields(spec: ClientServiceSpec | ExternalServiceSpec): object {
  const { loadBalancerClass, loadBalancerSourceRanges } = spec;
  return {
    ...(loadBalancerClass === undefined ? {} : { loadBalancerClass }),
    ...(loadBalancerSourceRanges.length === 0 ? {} : { loadBalancerSourceRanges }),
  };
}

/** Pods name their ports, so that a Service need not know the numbers. */
function port(name: string, number: number): object {
  return { name, port: number, targetPort: name, protocol: "TCP" };
}
