/**
 * From YAML to a valid `Ensemble`. Every problem becomes one line that says where it is, what was
 * expected and what was found; an unknown field is a problem, with the name that was probably
 * meant. Fields of `metadata` that belong to Kubernetes are let through unread. Rules about
 * changes, and between fields, are Kubernetes' to evaluate.
 */
import { Ajv } from "ajv";
import type { ErrorObject } from "ajv";
import { YAMLException, loadAll } from "js-yaml";
import { nearestName } from "../../base/index.ts";
import { OperatorError } from "../operator-error.ts";
import { API_VERSION, ENSEMBLE_KIND } from "./ensemble.ts";
import type { Ensemble } from "./ensemble.ts";
import { ENSEMBLE_SCHEMA } from "./ensemble-schema.ts";
import type { EnsembleSpec } from "./ensemble-spec.ts";
import type { EnsembleStatus } from "./ensemble-status.ts";
import { FORMATS, OWN_KEYWORDS } from "./json-schema.ts";
import type { JsonSchema } from "./json-schema.ts";
import { findKeyProblems } from "./member-keys.ts";

const ajv = new Ajv({ allErrors: true, verbose: true, useDefaults: true, allowUnionTypes: true });
ajv.addVocabulary([...OWN_KEYWORDS]);
for (const format of FORMATS) ajv.addFormat(format, true);
const validate = ajv.compile(ENSEMBLE_SCHEMA);

/** Finds problems in member settings: sentences that start with the key. */
export type CheckSettings = (config: Readonly<Record<string, string>>) => readonly string[];

/**
 * Reads the one `Ensemble` in `text`.
 *
 * @param file - where the text is from, for messages.
 * @param checkSettings - what a member would say about `spec.config`.
 * @throws OperatorError INVALID_OBJECT with one line for each problem.
 */
export function parseEnsemble(text: string, file: string, checkSettings: CheckSettings): Ensemble {
  return readEnsemble(parseSingleDocument(text, file), file, checkSettings);
}

/**
 * The `Ensemble` that an object from elsewhere is, such as one that Kubernetes stores.
 *
 * @param object - it; left as it is.
 * @param source - where it is from, for messages.
 * @param checkSettings - what a member would say about `spec.config`.
 * @throws OperatorError INVALID_OBJECT with one line for each problem.
 */
export function readEnsemble(
  object: object,
  source: string,
  checkSettings: CheckSettings,
): Ensemble {
  checkKind(object, source);
  // Validation fills in defaults.
  const document = structuredClone(object);
  if (!validate(document)) {
    const problems = (validate.errors ?? []).map((error) => `${source}: ${describe(error)}`);
    throw new OperatorError("INVALID_OBJECT", [...new Set(problems)]);
  }
  const ensemble = withConfigAsText(document as unknown as RawEnsemble);
  const problems = [
    ...findKeyProblems(ensemble.spec.config),
    ...checkSettings(ensemble.spec.config),
  ].map((problem) => `${source}: spec.config.${problem}`);
  if (problems.length > 0) throw new OperatorError("INVALID_OBJECT", problems);
  return ensemble;
}

/** What is wanted of an ensemble whose spec says nothing. */
export function defaultSpec(): EnsembleSpec {
  const document = { apiVersion: API_VERSION, kind: ENSEMBLE_KIND, metadata: { name: "default" } };
  return readEnsemble(document, "defaults", () => []).spec;
}

function parseSingleDocument(text: string, file: string): object {
  let documents: unknown[];
  try {
    documents = loadAll(text).filter((document) => document !== null && document !== undefined);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const mark = error.mark;
    const place = mark === undefined ? "" : `:${String(mark.line + 1)}:${String(mark.column + 1)}`;
    throw new OperatorError("INVALID_OBJECT", `${file}${place}: invalid YAML: ${error.reason}`);
  }
  const [document] = documents;
  if (documents.length !== 1) {
    const found = documents.length === 0 ? "none" : String(documents.length);
    throw new OperatorError(
      "INVALID_OBJECT",
      `${file}: expected one YAML document, found ${found}`,
    );
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw new OperatorError(
      "INVALID_OBJECT",
      `${file}: expected an object with apiVersion, kind, metadata and spec, ` +
        `found ${quote(document)}`,
    );
  }
  return document;
}

/** An object of another kind is reported as that, not by all the fields that it lacks. */
function checkKind(document: object, file: string): void {
  const problems: string[] = [];
  for (const [field, expected] of [
    ["apiVersion", API_VERSION],
    ["kind", ENSEMBLE_KIND],
  ] as const) {
    const found: unknown = Reflect.get(document, field);
    if (found === expected) continue;
    const actual = found === undefined ? "but it is missing" : `found ${quote(found)}`;
    problems.push(`${file}: ${field}: expected '${expected}', ${actual}`);
  }
  if (problems.length > 0) throw new OperatorError("INVALID_OBJECT", problems);
}

function describe(error: ErrorObject): string {
  const path = error.instancePath.slice(1).replaceAll("/", ".").replaceAll("~1", "/");
  const at = (field: string): string => (path === "" ? field : `${path}.${field}`);
  const schema = error.parentSchema as JsonSchema | undefined;
  if (error.keyword === "required") {
    return `${at(String(error.params["missingProperty"]))}: expected to be set`;
  }
  if (error.keyword === "additionalProperties") {
    const field = String(error.params["additionalProperty"]);
    const suggestion = nearestName(field, Object.keys(schema?.properties ?? {}));
    const hint = suggestion === null ? "" : `; did you mean '${suggestion}'?`;
    return `${at(field)}: unknown field${hint}`;
  }
  const expected = schema?.["x-expected"] ?? article(schema?.type) ?? error.message ?? "";
  return `${path}: expected ${expected}, found ${quote(error.data)}`;
}

function article(type: JsonSchema["type"]): string | null {
  if (typeof type !== "string") return null;
  return /^[aeio]/u.test(type) ? `an ${type}` : `a ${type}`;
}

const QUOTE_LENGTH_MAX = 60;

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > QUOTE_LENGTH_MAX ? `${text.slice(0, QUOTE_LENGTH_MAX)}…` : text;
}

interface RawEnsemble {
  readonly metadata: Ensemble["metadata"];
  readonly spec: Omit<EnsembleSpec, "config"> & {
    readonly config: Readonly<Record<string, string | number | boolean>>;
  };
  readonly status?: EnsembleStatus;
}

function withConfigAsText({ metadata, spec, status }: RawEnsemble): Ensemble {
  const config = Object.fromEntries(
    Object.entries(spec.config).map(([key, value]) => [key, String(value)]),
  );
  return {
    apiVersion: API_VERSION,
    kind: ENSEMBLE_KIND,
    metadata: { name: metadata.name, namespace: metadata.namespace },
    spec: { ...spec, config },
    status: status ?? null,
  };
}
