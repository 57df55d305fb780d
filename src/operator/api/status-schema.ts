/**
 * The schema of `status`, which the operator writes. It is open and says little about form: nobody
 * else writes it, and an older definition must not keep a newer operator from reporting.
 */
import { CONDITIONS } from "./conditions.ts";
import type { JsonSchema } from "./json-schema.ts";
import { RECOVERY_STATUS } from "./recovery-schema.ts";

const MEMBERS_MAX = 198;

const CONDITION: JsonSchema = {
  type: "object",
  description: "One thing that holds, does not hold, or is not known.",
  required: ["type", "status", "lastTransitionTime", "reason", "message"],
  properties: {
    type: {
      type: "string",
      description: `${Object.keys(CONDITIONS).join(", ")}.`,
      maxLength: 316,
    },
    status: {
      type: "string",
      description: "True, False or Unknown.",
      enum: ["True", "False", "Unknown"],
    },
    observedGeneration: {
      ...int64("The metadata.generation that this is about."),
      minimum: 0,
    },
    lastTransitionTime: time("When status changed last."),
    reason: {
      type: "string",
      description: "Why, in one word; docs/ensemble.md lists them all.",
      minLength: 1,
      maxLength: 1024,
    },
    message: { type: "string", description: "Why, in a sentence.", maxLength: 32_768 },
  },
};

const MEMBER: JsonSchema = {
  type: "object",
  description: "A member as it was last seen.",
  required: ["id"],
  properties: {
    id: int64("The server id."),
    name: line("The pod."),
    role: {
      ...line("leader, follower, observer, or none while it does not serve."),
      enum: ["leader", "follower", "observer", "none"],
    },
    zxid: line(
      "The last transaction applied, in hexadecimal; of a member that does not answer, or has " +
        "lost its volume, the last one that it was known to have.",
    ),
    lag: int64("Transactions that it is behind the leader."),
    configVersion: line("The version of the membership that it knows, in hexadecimal."),
    ready: { type: "boolean", description: "Whether it serves clients." },
    reason: line("Why it is not ready."),
  },
};

const TARGET: JsonSchema = {
  type: "object",
  description: "What is being worked towards; a later spec takes its place between two steps.",
  required: ["generation", "replicas", "observers", "latchedAt"],
  properties: {
    generation: int64("The metadata.generation that it is of."),
    replicas: int32("Voting members."),
    observers: int32("Members without a vote."),
    image: line("The image of the pods."),
    configHash: line("What stands for the settings of the members."),
    latchedAt: time("Since when."),
  },
};

const PROGRESS: JsonSchema = {
  type: "object",
  description: "How far the ensemble has come; not there when there is nothing to change.",
  required: ["remaining", "since"],
  properties: {
    remaining: int32(
      "Members, pods, volumes and places in the membership that were not as wanted yet, at the " +
        "fewest since spec changed.",
    ),
    since: time("When they came to be so few; spec.progressDeadlineSeconds counts from then."),
  },
};

const SIZES: JsonSchema = {
  type: "object",
  description:
    "How many pods there are to be, apart from hibernation: written down before a pod is added " +
    "and after a member has left, so that they differ from the spec while members come and go.",
  required: ["members", "observers"],
  properties: {
    members: int32("Pods of members that have a vote or are to get one."),
    observers: int32("Pods of observers."),
  },
};

const IMPORTED_SERVER: JsonSchema = {
  type: "object",
  description: "A server of the ensemble that is imported.",
  required: ["id"],
  properties: {
    id: int64("The server id."),
    address: line("Where it serves clients."),
    line: line("Its line in the membership.", 2048),
  },
};

/** `status` */
export const STATUS_SCHEMA: JsonSchema = {
  type: "object",
  description: "What is there; written by the operator.",
  properties: {
    observedGeneration: int64("The metadata.generation that this is about."),
    phase: {
      type: "string",
      description:
        "Forming until a quorum has served for the first time, or Importing until the servers " +
        "of another ensemble have left; Running ever after, but for a recovery from the loss of " +
        "its quorum, when it is Recovering until the survivor serves. An empty volume can become " +
        "a voter's by itself only while Forming.",
      enum: ["Forming", "Importing", "Running", "Recovering"],
    },
    ensembleUid: line("The identity of the ensemble, which every volume of it has too."),
    founders: {
      type: "array",
      description: "Server ids of the members that may form the ensemble; empty once it runs.",
      maxItems: MEMBERS_MAX,
      items: int64("A server id."),
      "x-kubernetes-list-type": "set",
    },
    sizes: SIZES,
    firstId: int32(
      "The id of the first voting member: 1, or the one after those of imported servers. Its " +
        "pod has the ordinal before.",
    ),
    importedServers: {
      type: "array",
      description: "The servers that were found when the import began, by ascending id.",
      maxItems: 50,
      items: IMPORTED_SERVER,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["id"],
    },
    recovery: RECOVERY_STATUS,
    replicas: int32("Voting members that exist."),
    readyReplicas: int32("Voting members that serve."),
    memberSummary: line("Members that serve, and members that are wanted, such as 3/3."),
    selector: line("Label selector of the voting members.", 1024),
    leader: line("The pod of the leader."),
    version: line("The version of Ensemble that all members run; empty while they differ."),
    target: TARGET,
    progress: PROGRESS,
    members: {
      type: "array",
      description: "The members, by ascending id.",
      maxItems: MEMBERS_MAX,
      items: MEMBER,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["id"],
    },
    conditions: {
      type: "array",
      description: "What holds and what does not; docs/ensemble.md explains each.",
      maxItems: 32,
      items: CONDITION,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
    },
  },
};

function line(description: string, maxLength = 512): JsonSchema {
  return { type: "string", description, maxLength };
}

function int32(description: string): JsonSchema {
  return { type: "integer", format: "int32", description };
}

function int64(description: string): JsonSchema {
  return { type: "integer", format: "int64", description };
}

function time(description: string): JsonSchema {
  return { type: "string", format: "date-time", description, maxLength: 64 };
}
