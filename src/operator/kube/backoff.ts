/**
 * How long to wait after the n-th failure in a row: doubling from a minimum to a maximum, with up
 * to half as much again at random, so that many clients of one failing server do not come back at
 * the same moment.
 */

import type { Random } from "../../base/index.ts";

/** The bounds of a back-off, in milliseconds, before the random part. */
export interface BackoffRange {
  readonly minMs: number;
  readonly maxMs: number;
}

/** The wait after `failures` failures in a row, which is at least one. */
export function backoffMs(random: Random, range: BackoffRange, failures: number): number {
  // 2 ** 1024 is Infinity, which Math.min() takes well.
  const baseMs = Math.min(range.maxMs, range.minMs * 2 ** (failures - 1));
  return baseMs * (1 + random.next() / 2);
}
