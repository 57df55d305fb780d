/**
 * The `Ensemble` object of API `ensemble.dev/v1`: what a user asks for, and what there is. The same
 * YAML is applied to Kubernetes and given to `ensemble up`. `ensemble-schema.ts` is the schema;
 * these are the types of an object that has passed it, with defaults filled in. A field that may be
 * absent has no default; what fields mean is in the schema, which `kubectl explain` shows.
 */
import type { EnsembleSpec } from "./ensemble-spec.ts";
import type { EnsembleStatus } from "./ensemble-status.ts";

/** Group and version of the API. */
export const API_VERSION = "ensemble.dev/v1";

/** The kind of the object that describes an ensemble. */
export const ENSEMBLE_KIND = "Ensemble";

/** One coordination service of several members. */
export interface Ensemble {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: typeof ENSEMBLE_KIND;
  readonly metadata: EnsembleMetadata;
  readonly spec: EnsembleSpec;
  /** What the operator wrote last; null when it has written nothing. */
  readonly status: EnsembleStatus | null;
}

/** What identifies an ensemble. */
export interface EnsembleMetadata {
  readonly name: string;
  /** @default "default" */
  readonly namespace: string;
}
