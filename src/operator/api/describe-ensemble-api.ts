/**
 * The documentation of the API as Markdown: the schema's fields, its rules, and the conditions,
 * put into tables. All of it is made from what the code uses, so that the page cannot say anything
 * else.
 */
import { CONDITIONS } from "./conditions.ts";
import { ENSEMBLE_SCHEMA } from "./ensemble-schema.ts";
import type { JsonSchema } from "./json-schema.ts";

interface Field {
  readonly path: string;
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
}

/** The page, without a heading of its own. */
export function describeEnsembleApi(): string {
  const { spec, status } = ENSEMBLE_SCHEMA.properties ?? {};
  return [
    "## Spec",
    "",
    "| Field | Value | Default | Meaning |",
    "| --- | --- | --- | --- |",
    ...fieldsOf("spec", spec ?? {}).map(specRow),
    "",
    "## What Kubernetes refuses",
    "",
    "Besides values of the wrong form, Kubernetes refuses an object, or a change of one, that",
    "could never work.",
    "",
    "| Where | Rule |",
    "| --- | --- |",
    ...describeRules(),
    "",
    "## Status",
    "",
    "| Field | Meaning |",
    "| --- | --- |",
    ...fieldsOf("status", status ?? {}).map(statusRow),
    "",
    "## Conditions",
    "",
    "Each has a `reason` from its table, a `message` for people, and the `observedGeneration` that",
    "it is about. The reason decides the status.",
    "",
    ...describeConditions(),
  ].join("\n");
}

/** Every field below a node, by its path; those of list items after `[]`. */
function fieldsOf(path: string, schema: JsonSchema): Field[] {
  const fields: Field[] = [];
  for (const [name, node] of Object.entries(schema.properties ?? {})) {
    const nodePath = `${path}.${name}`;
    const isRequired = schema.required?.includes(name) ?? false;
    fields.push({ path: nodePath, schema: node, isRequired }, ...fieldsOf(nodePath, node));
    if (node.items !== undefined) fields.push(...fieldsOf(`${nodePath}[]`, node.items));
  }
  return fields;
}

function specRow({ path, schema, isRequired }: Field): string {
  const preset = isRequired ? "required" : presetOf(schema);
  return row([`\`${path}\``, valueOf(schema), preset, schema.description ?? ""]);
}

function statusRow({ path, schema }: Field): string {
  return row([`\`${path}\``, schema.description ?? ""]);
}

function valueOf(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.join(", ");
  if (schema.type === "boolean") return "true or false";
  if (schema.properties !== undefined) return "";
  return schema["x-expected"] ?? (schema.type === "string" ? "text" : "object");
}

function presetOf({ default: preset, properties }: JsonSchema): string {
  if (preset === undefined) return "";
  const text = JSON.stringify(preset);
  if (text === "{}" || text === "[]") return properties === undefined ? "none" : "";
  return `\`${typeof preset === "string" ? preset : text}\``;
}

function describeRules(): string[] {
  const nodes = [
    { path: "", schema: ENSEMBLE_SCHEMA },
    { path: "spec", schema: ENSEMBLE_SCHEMA.properties?.["spec"] ?? {} },
    ...fieldsOf("spec", ENSEMBLE_SCHEMA.properties?.["spec"] ?? {}),
  ];
  return nodes.flatMap(({ path, schema }) =>
    (schema["x-kubernetes-validations"] ?? []).map(({ message }) =>
      row([path === "" ? "the object" : `\`${path}\``, message]),
    ),
  );
}

function describeConditions(): string[] {
  return Object.entries(CONDITIONS).flatMap(([type, { meaning, reasons }]) => [
    `### ${type}`,
    "",
    meaning,
    "",
    "| Reason | Status | Meaning |",
    "| --- | --- | --- |",
    ...Object.entries(reasons).map(([reason, reasonRow]) =>
      row([`\`${reason}\``, reasonRow.status, reasonRow.meaning]),
    ),
    "",
  ]);
}

function row(cells: readonly string[]): string {
  const texts = cells.map((cell) => (cell === "" ? " " : ` ${cell.replaceAll("|", "\\|")} `));
  return `|${texts.join("|")}|`;
}
