/**
 * The schemas of what concerns the pods of members: their image, what a user may add to them, and
 * their probes. Pods are restricted whatever is set here (no root, a read-only root file system, no
 * capabilities), so only what cannot undo that may be set.
 */
import {
  choice,
  flag,
  group,
  handedOn,
  list,
  objectName,
  text,
  textMap,
  whole,
  word,
} from "./json-schema.ts";
import type { JsonSchema, Rule } from "./json-schema.ts";

/** Longest value of a label. */
const LABEL_LENGTH_MAX = 63;
const ANNOTATION_LENGTH_MAX = 4096;
const USER_ID_MAX = 2_147_483_647;

/** `spec.image` */
export const IMAGE_SCHEMA: JsonSchema = group("Where the image of members comes from.", {
  repository: text(
    "The image without tag and digest; that of the operator unless set. The tag is spec.version.",
    512,
  ),
  digest: {
    type: "string",
    description: "The digest that the image has to have; spec.version has to be set with it.",
    maxLength: 71,
    pattern: "^sha256:[0-9a-f]{64}$",
    "x-expected": "'sha256:' and 64 hexadecimal digits",
  },
  pullPolicy: word(
    "When a node pulls the image.",
    ["Always", "IfNotPresent", "Never"],
    "IfNotPresent",
  ),
  pullSecrets: list(
    "Secrets with which the image is pulled.",
    { ...choice("A Secret.", { name: objectName("Its name.") }), required: ["name"] },
    16,
  ),
});

const OWN_LABEL_RULE: Rule = {
  rule: "self.all(k, !k.startsWith('ensemble.dev/') && !k.startsWith('app.kubernetes.io/'))",
  message:
    "Expected no key that begins with 'ensemble.dev/' or 'app.kubernetes.io/', as the operator " +
    "sets those",
};

const TOLERATION = choice("A taint that is tolerated, as in a pod.", {
  key: text("The taint's key; every key unless set, and operator is Exists then."),
  operator: word("How the value is compared; Equal unless set.", ["Exists", "Equal"]),
  value: text("The taint's value.", LABEL_LENGTH_MAX),
  effect: word("The taint's effect; every effect unless set.", [
    "NoSchedule",
    "PreferNoSchedule",
    "NoExecute",
  ]),
  tolerationSeconds: whole("For how long NoExecute is tolerated, in s; for ever unless set.", [
    0,
    USER_ID_MAX,
  ]),
});

/** `spec.podTemplate` */
export const POD_TEMPLATE_SCHEMA: JsonSchema = group("What the pods of members have besides.", {
  labels: {
    ...textMap("Labels of the pods.", LABEL_LENGTH_MAX),
    "x-kubernetes-validations": [OWN_LABEL_RULE],
  },
  annotations: {
    ...textMap("Annotations of the pods.", ANNOTATION_LENGTH_MAX),
    "x-kubernetes-validations": [OWN_LABEL_RULE],
  },
  nodeSelector: textMap("Labels that a node has to have to take a member.", LABEL_LENGTH_MAX),
  tolerations: list("Taints of nodes that members tolerate.", TOLERATION, 32),
  affinity: handedOn(
    "Affinity as in a pod. Unless set, members keep away from each other's nodes if they can.",
  ),
  topologySpreadConstraints: list(
    "How members spread over zones and the like. A labelSelector that is left out selects the " +
      "members of this ensemble.",
    handedOn("A constraint as in a pod."),
    8,
  ),
  priorityClassName: objectName("The priority class of the pods."),
  runtimeClassName: objectName("The runtime class of the pods."),
  schedulerName: objectName("The scheduler of the pods; the cluster's default unless set."),
  serviceAccountName: objectName(
    "The service account of the pods; unless set, one of their own that has no rights. No pod " +
      "gets a token of it.",
  ),
  terminationGracePeriodSeconds: {
    ...whole(
      "How long a member may take to stop, in s: it hands over the leadership first.",
      [5, 3600],
    ),
    default: 60,
  },
  runAsUser: { ...whole("The user of the process.", [1, USER_ID_MAX]), default: 1000 },
  runAsGroup: { ...whole("The group of the process.", [1, USER_ID_MAX]), default: 1000 },
  fsGroup: { ...whole("The group that owns the volumes.", [1, USER_ID_MAX]), default: 1000 },
});

/** `spec.probes` */
export const PROBES_SCHEMA: JsonSchema = group("How the pods of members are probed.", {
  startup: probe("Until a member has loaded its data; it is restarted after that many failures.", {
    periodSeconds: 2,
    failureThreshold: 300,
  }),
  liveness: probe("Whether the process still answers; it is restarted if it does not.", {
    periodSeconds: 10,
    failureThreshold: 6,
  }),
  readiness: probe("Whether a member serves clients; it gets no new ones if it does not.", {
    periodSeconds: 5,
    failureThreshold: 2,
  }),
});

/** `spec.podDisruptionBudget` */
export const POD_DISRUPTION_BUDGET_SCHEMA: JsonSchema = group(
  "The budget that lets nodes be drained no faster than the quorum bears.",
  { enabled: flag("Whether there is one; it follows the live voters.", true) },
);

function probe(
  description: string,
  preset: { readonly periodSeconds: number; readonly failureThreshold: number },
): JsonSchema {
  return group(description, {
    periodSeconds: {
      ...whole("Time between two probes, in s.", [1, 300]),
      default: preset.periodSeconds,
    },
    timeoutSeconds: { ...whole("How long an answer may take, in s.", [1, 300]), default: 5 },
    failureThreshold: {
      ...whole("Failures in a row that count.", [1, 10_000]),
      default: preset.failureThreshold,
    },
  });
}
