/**
 * The schema of an `Ensemble` as data. It is written once, in JSON schema, and used twice: to
 * validate what `ensemble up` is given, and to generate the custom resource definition (see
 * `ensemble-crd.ts`, which leaves out what Kubernetes' structural schemas do not know).
 * Descriptions are what `kubectl explain` shows; `x-expected` is the end of the sentence
 * "expected …" in our own messages.
 */
import { API_VERSION, ENSEMBLE_KIND } from "./ensemble.ts";

/** A JSON schema node; only what ours use. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxProperties?: number;
  readonly pattern?: string;
  readonly "x-expected"?: string;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
}

/** Most voting members; far above what is sensible, yet a limit. */
const REPLICAS_MAX = 99;

const NAME: JsonSchema = {
  type: "string",
  maxLength: 63,
  pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
  "x-expected": "at most 63 lower-case letters, digits and '-', not '-' at either end",
};

const SPEC: JsonSchema = {
  type: "object",
  description: "What is wanted.",
  default: {},
  additionalProperties: false,
  properties: {
    replicas: {
      type: "integer",
      description:
        "Number of voting members. An odd number is best: 3 survive the loss of one, 5 of two.",
      default: 3,
      minimum: 1,
      maximum: REPLICAS_MAX,
      "x-expected": `a whole number from 1 to ${String(REPLICAS_MAX)}`,
    },
    config: {
      type: "object",
      description:
        "Settings for every member, with the keys of a ZooKeeper configuration file, such as " +
        "tickTime. Ports, folders and the list of servers are set by the operator.",
      default: {},
      maxProperties: 200,
      additionalProperties: {
        type: ["string", "number", "boolean"],
        "x-expected": "a text, a number, true or false",
      },
      "x-expected": "keys and values of a ZooKeeper configuration file",
    },
  },
};

const CONDITION: JsonSchema = {
  type: "object",
  required: ["type", "status", "lastTransitionTime", "reason", "message"],
  properties: {
    type: { type: "string", maxLength: 316, description: "Ready, Progressing or Degraded." },
    status: { type: "string", enum: ["True", "False", "Unknown"] },
    observedGeneration: { type: "integer", format: "int64", minimum: 0 },
    lastTransitionTime: { type: "string", format: "date-time" },
    reason: { type: "string", minLength: 1, maxLength: 1024 },
    message: { type: "string", maxLength: 32768 },
  },
};

const MEMBER: JsonSchema = {
  type: "object",
  required: ["id"],
  properties: {
    id: { type: "integer", format: "int64", description: "The server id." },
    name: { type: "string", description: "The pod or process." },
    role: { type: "string", description: "leader, follower, observer or empty." },
    zxid: { type: "string", description: "The last transaction applied, in hexadecimal." },
  },
};

const STATUS: JsonSchema = {
  type: "object",
  description: "What is there; written by the operator.",
  properties: {
    observedGeneration: { type: "integer", format: "int64" },
    replicas: { type: "integer", format: "int32", description: "Members that exist." },
    readyReplicas: { type: "integer", format: "int32", description: "Members that serve." },
    leader: { type: "string", description: "The leader's name." },
    selector: { type: "string", description: "Label selector of the members." },
    members: {
      type: "array",
      items: MEMBER,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["id"],
    },
    conditions: {
      type: "array",
      items: CONDITION,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
    },
  },
};

/** The schema of an `Ensemble`. */
export const ENSEMBLE_SCHEMA: JsonSchema = {
  type: "object",
  description: "A ZooKeeper-compatible coordination service that runs itself.",
  required: ["apiVersion", "kind", "metadata"],
  additionalProperties: false,
  properties: {
    apiVersion: { type: "string", const: API_VERSION, "x-expected": API_VERSION },
    kind: { type: "string", const: ENSEMBLE_KIND, "x-expected": ENSEMBLE_KIND },
    metadata: {
      type: "object",
      required: ["name"],
      properties: { name: NAME, namespace: { ...NAME, default: "default" } },
    },
    spec: SPEC,
    status: STATUS,
  },
};
