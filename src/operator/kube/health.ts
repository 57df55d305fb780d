/**
 * Whether this operator is alive and whether it knows what it is doing, for `/healthz` and
 * `/readyz`. Alive is what a restart would not mend: an API server that does not answer is no
 * reason to be restarted, a worker that never comes back is. Ready is whether the cache is complete
 * and fresh; a candidate that waits for the lease is ready.
 */

import type { Freshness } from "./object-cache.ts";

/**
 * A half-open watch is noticed after 150 s and opened again within some seconds; a silence that
 * lasts longer means that what is known may be old.
 */
const SILENCE_MS_MAX = 210_000;

/** No piece of work takes so long: each of its calls has a time-out. */
const WORK_MS_MAX = 15 * 60_000;

/** What can go wrong with an operator. */
export interface HealthSources {
  readonly cache: Freshness;
  /** For how long the oldest piece of work that runs has been running. */
  readonly queue: { readonly longestRunMs: number };
}

/** Why the process should be restarted; empty if it should not. */
export function findLivenessProblems({ queue }: HealthSources): string[] {
  if (queue.longestRunMs < WORK_MS_MAX) return [];
  return [`A reconciliation has been running for ${seconds(queue.longestRunMs)} s`];
}

/** Why what the operator does may rest on an old state; empty if it does not. */
export function findReadinessProblems({ cache }: HealthSources): string[] {
  if (!cache.hasSynced) return ["The cache is not complete yet"];
  if (cache.silentForMs < SILENCE_MS_MAX) return [];
  return [`A watch has heard nothing for ${seconds(cache.silentForMs)} s`];
}

function seconds(ms: number): string {
  return String(Math.round(ms / 1000));
}
