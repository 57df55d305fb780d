/** The kinds of objects that the operator works with, and which of them it keeps in mind. */
import { assertDefined } from "../../base/index.ts";
import type { CachedType, Manifest, ObjectName, ResourceType } from "../kube/index.ts";

/** Who owns the fields that the operator applies. */
export const FIELD_MANAGER = "ensemble-operator";

/** Who owns the marks of claims: what one manager does not apply again, it takes away. */
export const MARK_MANAGER = `${FIELD_MANAGER}/marks`;

/** On objects that go only after their volumes have gone. */
export const FINALIZER = "ensemble.dev/volumes";

/** On claims: the identity of the ensemble that their volumes have data of. */
export const ENSEMBLE_UID = "ensemble.dev/ensemble-uid";

/** On claims of an ensemble that was imported: the id of its first voting member. */
export const FIRST_ID = "ensemble.dev/first-id";

/** On pods: stands for the settings that their ConfigMap has. */
export const SETTINGS = "ensemble.dev/settings";

export const ENSEMBLE: ResourceType = {
  group: "ensemble.dev",
  version: "v1",
  kind: "Ensemble",
  plural: "ensembles",
};

export const STATEFUL_SET = typeOf("apps", "v1", "StatefulSet");
export const POD = typeOf("", "v1", "Pod");
export const CLAIM = typeOf("", "v1", "PersistentVolumeClaim");
export const CONFIG_MAP = typeOf("", "v1", "ConfigMap");
export const SECRET = typeOf("", "v1", "Secret");

/** Children that may be more than are wanted now; those that are not are deleted. */
export const OPTIONAL_CHILDREN: readonly ResourceType[] = [
  typeOf("", "v1", "Service"),
  typeOf("", "v1", "ServiceAccount"),
  { group: "policy", version: "v1", kind: "PodDisruptionBudget", plural: "poddisruptionbudgets" },
  {
    group: "networking.k8s.io",
    version: "v1",
    kind: "NetworkPolicy",
    plural: "networkpolicies",
  },
];

/** Of the Prometheus operator, which may not be there. */
export const MONITORING: readonly ResourceType[] = [
  typeOf("monitoring.coreos.com", "v1", "ServiceMonitor"),
  typeOf("monitoring.coreos.com", "v1", "PrometheusRule"),
];

/** All children but those in `MONITORING`; Secrets are never listed or watched. */
const CHILDREN: readonly ResourceType[] = [STATEFUL_SET, CONFIG_MAP, ...OPTIONAL_CHILDREN];

/** On all pods and claims of members, and on all that the operator makes. */
const OURS = "app.kubernetes.io/name=ensemble";

/** What is watched. */
export const CACHED_TYPES: readonly CachedType[] = [
  { type: ENSEMBLE },
  ...[...CHILDREN, POD, CLAIM].map((type) => ({ type, labelSelector: OURS })),
];

/** The type of an object that is applied as a child. */
export function childType({ kind }: Manifest): ResourceType {
  const type = [...CHILDREN, ...MONITORING].find((candidate) => candidate.kind === kind);
  return assertDefined(type, "A child is of a known kind");
}

/**
 * The ensemble that an object belongs to by its name, which is known even when the object is gone.
 * The name may be that of an ensemble that does not exist.
 */
export function ownerOf({ kind }: ResourceType, name: Required<ObjectName>): string {
  return name.name.replace(SUFFIXES[kind] ?? /$/u, "").replace(PREFIXES[kind] ?? /^/u, "");
}

const PREFIXES: Readonly<Record<string, RegExp>> = { PersistentVolumeClaim: /^(data|log)-/u };

const POD_SUFFIX = /(-observers)?-[0-9]+$/u;

const SUFFIXES: Readonly<Record<string, RegExp>> = {
  StatefulSet: /-observers$/u,
  Pod: POD_SUFFIX,
  PersistentVolumeClaim: POD_SUFFIX,
  ConfigMap: /-config$/u,
  Service: /(-members|(-observers)?-[0-9]+-external)$/u,
};

function typeOf(group: string, version: string, kind: string): ResourceType {
  return { group, version, kind, plural: `${kind.toLowerCase()}s` };
}
