/**
 * What all objects that are made for an ensemble have in common: names, labels, ports and the
 * reference to their owner. Objects are plain JSON, for server-side apply: what is not here is
 * somebody else's.
 */
import type { Ensemble } from "../api/ensemble.ts";
import { API_VERSION, ENSEMBLE_KIND } from "../api/ensemble.ts";

/** An object of Kubernetes as it is applied. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Labels;
    readonly annotations?: Labels;
    readonly ownerReferences: readonly object[];
  };
}

/** An object whose content is a `spec`. */
export interface SpecObject extends KubeObject {
  readonly spec: object;
}

/** Texts by key. */
export type Labels = Readonly<Record<string, string>>;

/** An ensemble as Kubernetes has it. */
export interface Owner {
  readonly ensemble: Ensemble;
  /** `metadata.uid` of the object. */
  readonly uid: string;
}

/** Ports of members that are the same for every ensemble. */
export const MEMBER_PORTS = { quorum: 2888, election: 3888, metrics: 7000, admin: 8080 } as const;

/** Whether a member votes; on its pod, kept true by the operator. */
export const ROLE_LABEL = "ensemble.dev/role";

/** Labels that exactly the pods of an ensemble have. */
export function memberLabels({ metadata }: Ensemble): Labels {
  return { "app.kubernetes.io/name": "ensemble", "app.kubernetes.io/instance": metadata.name };
}

/** Labels of the operator's own pods, in whatever namespace they are. */
export const OPERATOR_LABELS: Labels = { "app.kubernetes.io/name": "ensemble-operator" };

/** The Service that gives members their names. */
export function membersServiceName({ metadata }: Ensemble): string {
  return `${metadata.name}-members`;
}

/** What is particular to a child; `content` is all that is not metadata. */
export interface Child<Content extends object> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly content: Content;
}

/** A child with what all have; it goes when the ensemble goes. */
export function buildChild<Content extends object>(
  { ensemble, uid }: Owner,
  child: Child<Content>,
): KubeObject & Content {
  const { name, namespace } = ensemble.metadata;
  return {
    apiVersion: child.apiVersion,
    kind: child.kind,
    metadata: {
      name: child.name,
      namespace,
      labels: {
        ...child.labels,
        ...memberLabels(ensemble),
        "app.kubernetes.io/managed-by": "ensemble-operator",
      },
      ...(child.annotations === undefined ? {} : { annotations: child.annotations }),
      ownerReferences: [
        {
          apiVersion: API_VERSION,
          kind: ENSEMBLE_KIND,
          name,
          uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    ...child.content,
  };
}
