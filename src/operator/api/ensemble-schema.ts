/**
 * The schema of an `Ensemble` as data. It is written once, in JSON schema, and used three times:
 * to validate what `ensemble up` and the operator are given, to generate the custom resource
 * definition (see `ensemble-crd.ts`, which leaves out what Kubernetes' structural schemas do not
 * know), and to generate its documentation. Descriptions are what `kubectl explain` shows;
 * `x-expected` is the end of the sentence "expected …" in our own messages.
 */
import { API_VERSION, ENSEMBLE_KIND } from "./ensemble.ts";
import type { JsonSchema } from "./json-schema.ts";
import { SPEC_SCHEMA } from "./spec-schema.ts";
import { STATUS_SCHEMA } from "./status-schema.ts";

const NAME: JsonSchema = {
  type: "string",
  maxLength: 63,
  pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
  "x-expected": "at most 63 lower-case letters, digits and '-', not '-' at either end",
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
    spec: SPEC_SCHEMA,
    status: STATUS_SCHEMA,
  },
  // What is named after an ensemble gets suffixes, and a Service's name begins with a letter.
  "x-kubernetes-validations": [
    {
      rule:
        "size(self.metadata.name) <= 40 && " +
        "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
      message:
        "Expected metadata.name to be at most 40 lower-case letters, digits and '-', beginning " +
        "with a letter and not ending with '-'",
    },
    {
      rule: "!self.metadata.name.matches('-(members|observers|external|admin)$')",
      message:
        "Expected metadata.name not to end with '-members', '-observers', '-external' or " +
        "'-admin', as what belongs to another ensemble may be named so",
    },
  ],
};
