/**
 * The JSON schema that the API is written in, with the few words of Kubernetes' dialect that it
 * needs, and makers of the nodes that recur. Everything is bounded: the API server estimates the
 * cost of a rule from the bounds of what it reads, and refuses rules over what has none.
 */

/** A rule in Kubernetes' expression language (CEL); `oldSelf` makes it one about changes. */
export interface Rule {
  readonly rule: string;
  /** What the user is told; begins with "Expected". */
  readonly message: string;
}

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
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly pattern?: string;
  readonly "x-expected"?: string;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-validations"?: readonly Rule[];
}

/** Words that are not of JSON schema. */
export const OWN_KEYWORDS: readonly string[] = [
  "x-expected",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-validations",
];

/** Words of `format`, which say something to Kubernetes and to readers. */
export const FORMATS: readonly string[] = ["int32", "int64", "date-time"];

/** Longest name of an object of Kubernetes. */
const NAME_LENGTH_MAX = 253;

/**
 * An object of known fields that has a default, so that those of its fields hold too. Kubernetes
 * evaluates the rules on that default, `{}`, as well, before it fills in those of the fields: a
 * rule here must not rely on a field to be there.
 */
export function group(
  description: string,
  properties: Readonly<Record<string, JsonSchema>>,
  rules: readonly Rule[] = [],
): JsonSchema {
  return { ...choice(description, properties, rules), default: {} };
}

/** An object of known fields that says something by being there. */
export function choice(
  description: string,
  properties: Readonly<Record<string, JsonSchema>>,
  rules: readonly Rule[] = [],
): JsonSchema {
  return {
    type: "object",
    description,
    additionalProperties: false,
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(rules.length === 0 ? {} : { "x-kubernetes-validations": rules }),
  };
}

/** True or false. */
export function flag(description: string, preset: boolean): JsonSchema {
  return { type: "boolean", description, default: preset };
}

/** A whole number in a range that includes both ends. */
export function whole(description: string, range: readonly [number, number]): JsonSchema {
  const [minimum, maximum] = range;
  return {
    type: "integer",
    format: "int32",
    description,
    minimum,
    maximum,
    "x-expected": `a whole number from ${String(minimum)} to ${String(maximum)}`,
  };
}

/** A text of any letters. */
export function text(description: string, maxLength = NAME_LENGTH_MAX): JsonSchema {
  return { type: "string", description, minLength: 1, maxLength };
}

/** One of a few words. */
export function word(description: string, words: readonly string[], preset?: string): JsonSchema {
  return {
    type: "string",
    description,
    enum: words,
    ...(preset === undefined ? {} : { default: preset }),
    "x-expected": `one of ${words.join(", ")}`,
  };
}

/** The name of an object of Kubernetes. */
export function objectName(description: string): JsonSchema {
  return {
    type: "string",
    description,
    maxLength: NAME_LENGTH_MAX,
    pattern: "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
    "x-expected": "a name of lower-case letters, digits, '-' and '.'",
  };
}

/** Texts by key, such as labels and annotations. */
export function textMap(description: string, valueLengthMax: number): JsonSchema {
  return {
    type: "object",
    description,
    default: {},
    maxProperties: 64,
    additionalProperties: { type: "string", maxLength: valueLengthMax },
    "x-expected": "texts by key",
  };
}

/** A list that is replaced as a whole. */
export function list(description: string, items: JsonSchema, maxItems: number): JsonSchema {
  return {
    type: "array",
    description,
    default: [],
    maxItems,
    items,
    "x-kubernetes-list-type": "atomic",
    "x-expected": `a list of at most ${String(maxItems)}`,
  };
}

/** Something of Kubernetes' own API that is handed on as it is; Kubernetes checks it there. */
export function handedOn(description: string): JsonSchema {
  return { type: "object", description, "x-kubernetes-preserve-unknown-fields": true };
}
