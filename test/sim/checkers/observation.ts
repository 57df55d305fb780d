/** What the checkers are told: which server, in service, holds which history. */
import type { ChainNode } from "../chain.ts";

/** A server in service shows what it holds. */
export interface Observation {
  readonly sid: bigint;
  /** Counts the starts of that server. */
  readonly life: number;
  /** Its delivered history. */
  readonly node: ChainNode;
  /** Epoch of its leadership; undefined on learners. */
  readonly leaderEpoch: number | undefined;
}
