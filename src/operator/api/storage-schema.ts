/**
 * The schema of `spec.storage`: the volumes of members. Kubernetes can make a volume larger, and
 * nothing else: what would need another volume is refused when it is asked for, instead of after
 * half of the members.
 */
import { choice, group, objectName, word } from "./json-schema.ts";
import type { JsonSchema, Rule } from "./json-schema.ts";

/** Longest text of a quantity; far above what any needs, and a bound for the cost of rules. */
const QUANTITY_LENGTH_MAX = 32;

/** An amount as Kubernetes writes it: a number and perhaps a suffix. */
const QUANTITY_PATTERN = String.raw`^[0-9]+(\.[0-9]+)?(m|k|Ki|[MGTPE]i?|[eE][-+]?[0-9]+)?$`;

const VOLUME_RULES: readonly Rule[] = [
  {
    rule:
      "!has(self.size) || !has(oldSelf.size) || " +
      "quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0",
    message: "Expected size to be as before or larger, as volumes do not shrink",
  },
  {
    rule: "!has(self.size) || quantity(self.size).isGreaterThan(quantity('0'))",
    message: "Expected size to be more than 0",
  },
  {
    rule:
      "has(self.storageClassName) == has(oldSelf.storageClassName) && " +
      "(!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)",
    message: "Expected storageClassName to be as before, as a volume cannot change its class",
  },
];

const STORAGE_CLASS_NAME = objectName(
  "The storage class of the volumes; the cluster's default class unless set. It cannot be changed.",
);

const KEEP_OR_DELETE = ["Retain", "Delete"];

const LOG_VOLUME = choice(
  "A volume of its own for the transaction log of each member, which is what writes wait for. " +
    "It cannot be added or removed later.",
  {
    size: size("Size of each log volume, such as 2Gi. It can grow, and not shrink."),
    storageClassName: STORAGE_CLASS_NAME,
  },
  VOLUME_RULES,
);

/** `spec.storage` */
export const STORAGE_SCHEMA: JsonSchema = group(
  "The volumes of members.",
  {
    size: {
      ...size("Size of each data volume, such as 10Gi. It can grow, and not shrink."),
      default: "10Gi",
    },
    storageClassName: STORAGE_CLASS_NAME,
    logVolume: { ...LOG_VOLUME, required: ["size"] },
    retention: group("What becomes of volumes that no member uses any more.", {
      whenScaled: word(
        "For a member that was removed: Retain keeps its volumes, Delete deletes them after the " +
          "member has left the committed membership.",
        KEEP_OR_DELETE,
        "Retain",
      ),
      whenDeleted: word(
        "When this object is deleted: Retain keeps all volumes, and an object of the same name " +
          "goes on with them; Delete deletes them and the data.",
        KEEP_OR_DELETE,
        "Retain",
      ),
    }),
  },
  [
    ...VOLUME_RULES,
    {
      rule: "has(self.logVolume) == has(oldSelf.logVolume)",
      message: "Expected logVolume to be set if and only if it was, as the log cannot move",
    },
  ],
);

const RESOURCES_BY_NAME = "by name, such as cpu or memory, in Kubernetes' quantities.";

/** `spec.resources` */
export const RESOURCES_SCHEMA: JsonSchema = group("What each member's container may use.", {
  requests: quantities(`What is set aside for it, ${RESOURCES_BY_NAME}`),
  limits: quantities(`What it cannot exceed, ${RESOURCES_BY_NAME}`),
});

function size(description: string): JsonSchema {
  return {
    type: "string",
    description,
    maxLength: QUANTITY_LENGTH_MAX,
    pattern: QUANTITY_PATTERN,
    "x-expected": "a quantity such as 10Gi",
  };
}

function quantities(description: string): JsonSchema {
  return {
    type: "object",
    description,
    default: {},
    maxProperties: 16,
    additionalProperties: {
      type: ["integer", "string"],
      maxLength: QUANTITY_LENGTH_MAX,
      pattern: QUANTITY_PATTERN,
      "x-expected": "a quantity such as 500m or 1Gi",
    },
    "x-expected": "quantities by the name of the resource",
  };
}
