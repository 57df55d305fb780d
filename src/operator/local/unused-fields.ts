/**
 * What of an `Ensemble` has no use on one machine. A file that asks for it is refused: to run
 * without what it asks for would be to pretend. A field that says what holds anyway is let through,
 * so that an object that was fetched from Kubernetes, with its defaults filled in, runs too.
 */
import { defaultSpec } from "../api/index.ts";
import type { EnsembleSpec } from "../api/index.ts";

const USED_FIELDS: readonly string[] = [
  "spec.config",
  "spec.observers",
  "spec.replicas",
  "spec.storage.retention.whenScaled",
];

/** Paths of the fields that are set to something that this machine's operator does not do. */
export function findUnusedFields(spec: EnsembleSpec): string[] {
  return findDifferences("spec", spec, defaultSpec());
}

function findDifferences(path: string, given: unknown, preset: unknown): string[] {
  if (USED_FIELDS.includes(path)) return [];
  if (!isRecord(given) || !isRecord(preset)) {
    return JSON.stringify(given) === JSON.stringify(preset) ? [] : [path];
  }
  return Object.entries(given).flatMap(([name, value]) =>
    findDifferences(`${path}.${name}`, value, preset[name]),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
