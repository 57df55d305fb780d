/**
 * The schema of the values of the Helm chart `ensemble`, whose `spec` is that of an `Ensemble`: so
 * Helm refuses a misspelt field before the API server sees it. It is JSON schema as Helm reads it:
 * without the words of Kubernetes' dialect, and the defaults, which the API server fills in.
 */
import { OWN_KEYWORDS } from "./json-schema.ts";
import type { JsonSchema } from "./json-schema.ts";
import { SPEC_SCHEMA } from "./spec-schema.ts";

/** Builds the schema as a plain object, ready to be written as JSON. */
export function buildEnsembleChartSchema(): Record<string, unknown> {
  const texts = { type: "object", additionalProperties: { type: "string" } };
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Values of the chart ensemble",
    type: "object",
    additionalProperties: false,
    properties: {
      name: {
        type: "string",
        description: "The name of the Ensemble; that of the release unless set.",
        maxLength: 40,
      },
      labels: { ...texts, description: "Labels of the Ensemble." },
      annotations: { ...texts, description: "Annotations of the Ensemble." },
      spec: toPlainSchema(SPEC_SCHEMA),
      global: { type: "object", description: "What Helm shares between charts; not used." },
    },
  };
}

function toPlainSchema(schema: JsonSchema): Record<string, unknown> {
  const dropped = [...OWN_KEYWORDS, "default"];
  const plain: Record<string, unknown> = Object.fromEntries(
    Object.entries(schema).filter(([keyword]) => !dropped.includes(keyword)),
  );
  if (schema.items !== undefined) plain["items"] = toPlainSchema(schema.items);
  if (typeof schema.additionalProperties === "object") {
    plain["additionalProperties"] = toPlainSchema(schema.additionalProperties);
  }
  if (schema.properties !== undefined) {
    plain["properties"] = Object.fromEntries(
      Object.entries(schema.properties).map(([name, node]) => [name, toPlainSchema(node)]),
    );
  }
  return plain;
}
