/**
 * The custom resource definition of `Ensemble`, built from the schema that `ensemble up`
 * validates with, so that Kubernetes and the command line accept the same objects. Structural
 * schemas (apiextensions.k8s.io/v1) forbid a few things that JSON schema has: closed objects,
 * unions of types, constants, and anything about metadata but its type. Kubernetes prunes unknown
 * fields by itself.
 */
import type { ConditionType } from "./conditions.ts";
import { ENSEMBLE_KIND } from "./ensemble.ts";
import { ENSEMBLE_SCHEMA } from "./ensemble-schema.ts";
import type { JsonSchema } from "./json-schema.ts";

/** Builds the definition as a plain object, ready to be written as YAML. */
export function buildEnsembleCrd(): Record<string, unknown> {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "ensembles.ensemble.dev" },
    spec: {
      group: "ensemble.dev",
      scope: "Namespaced",
      names: {
        kind: ENSEMBLE_KIND,
        listKind: "EnsembleList",
        plural: "ensembles",
        singular: "ensemble",
        shortNames: ["ens"],
        categories: ["all"],
      },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          subresources: {
            status: {},
            scale: {
              specReplicasPath: ".spec.replicas",
              statusReplicasPath: ".status.replicas",
              labelSelectorPath: ".status.selector",
            },
          },
          additionalPrinterColumns: PRINTER_COLUMNS,
          schema: { openAPIV3Schema: toOpenApiSchema() },
        },
      ],
    },
  };
}

const PRINTER_COLUMNS = [
  { name: "Ready", type: "string", jsonPath: pathOfReady("status") },
  { name: "Members", type: "string", jsonPath: ".status.memberSummary" },
  { name: "Leader", type: "string", jsonPath: ".status.leader" },
  { name: "Version", type: "string", jsonPath: ".status.version" },
  { name: "Status", type: "string", jsonPath: pathOfReady("reason") },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
];

function pathOfReady(field: string): string {
  const type: ConditionType = "Ready";
  return `.status.conditions[?(@.type=="${type}")].${field}`;
}

function toOpenApiSchema(): Record<string, unknown> {
  const root = toStructuralSchema(ENSEMBLE_SCHEMA);
  const properties = root["properties"] as Record<string, unknown>;
  delete root["required"];
  return {
    ...root,
    properties: {
      ...properties,
      apiVersion: { type: "string", description: "Group and version of this object's schema." },
      kind: { type: "string", description: "The kind of this object." },
      metadata: { type: "object" },
    },
  };
}

function toStructuralSchema(schema: JsonSchema): Record<string, unknown> {
  const structural: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === "x-expected" || keyword === "additionalProperties") continue;
    structural[keyword] = value;
  }
  if (Array.isArray(schema.type)) {
    // One union of types can be expressed; members check the other when their file is rendered.
    const isIntOrString = schema.type.every((type) => type === "integer" || type === "string");
    delete structural["type"];
    structural[
      isIntOrString ? "x-kubernetes-int-or-string" : "x-kubernetes-preserve-unknown-fields"
    ] = true;
  }
  if (schema.items !== undefined) structural["items"] = toStructuralSchema(schema.items);
  if (typeof schema.additionalProperties === "object") {
    structural["additionalProperties"] = toStructuralSchema(schema.additionalProperties);
  }
  if (schema.properties !== undefined) {
    structural["properties"] = Object.fromEntries(
      Object.entries(schema.properties).map(([name, node]) => [name, toStructuralSchema(node)]),
    );
  }
  return structural;
}
