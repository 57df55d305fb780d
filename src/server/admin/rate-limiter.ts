/** Lets one call through in each interval, as ZooKeeper does with costly admin commands. */
import type { Clock } from "../../base/index.ts";

export class RateLimiter {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  #lastMs = -Infinity;

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  /** Whether the call may go on; it then counts. */
  allow(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lastMs < this.#intervalMs) return false;
    this.#lastMs = nowMs;
    return true;
  }
}
