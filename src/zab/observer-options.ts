/** How observers are spread over followers and over time (ZooKeeper 3.6 and later). */
import type { Random } from "../base/index.ts";

export interface ObserverOptions {
  /** Whether followers serve observers, and observers look for a follower that does. */
  readonly hasMasters: boolean;
  /** An observer that dials the leader waits before it, up to so long. */
  readonly reconnectDelayMs: number;
  /** One that has lost its leader, or follower, waits before it looks again, up to so long. */
  readonly electionDelayMs: number;
  readonly random: Random;
}

/** Observers go to the leader, and at once. */
export const noMasters: ObserverOptions = {
  hasMasters: false,
  reconnectDelayMs: 0,
  electionDelayMs: 0,
  random: { next: () => 0 },
};
