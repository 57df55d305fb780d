/**
 * The `Ensemble` object of API `ensemble.dev/v1`: what a user asks for. The same YAML is applied
 * to Kubernetes and given to `ensemble up`, so it holds nothing that is true of one machine only.
 * `ensemble-schema.ts` is the schema; these are the types of an object that has passed it, with
 * defaults filled in.
 */

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
}

/** What identifies an ensemble. */
export interface EnsembleMetadata {
  readonly name: string;
  /** @default "default" */
  readonly namespace: string;
}

/** What is wanted. */
export interface EnsembleSpec {
  /** Number of voting members, 1 or more. @default 3 */
  readonly replicas: number;
  /** Settings of a `zoo.cfg` for every member, by key. @default none */
  readonly config: Readonly<Record<string, string>>;
}
