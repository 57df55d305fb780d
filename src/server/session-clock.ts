/**
 * The clock by which sessions expire. It stands still while this process is stalled, so that no
 * session expires whose signs of life could not be read in time. It notices stalls by the pause
 * between two turns, and only while clients are served: the time between two such spells is none.
 */
import type { Clock } from "../base/index.ts";

/** How often expiry is looked at, in ms. */
const checkEveryMs = 50;
/** A pause between turns from which this process counts as stalled, in ms. */
const stallMs = 500;

export class SessionClock {
  readonly #clock: Clock;
  #lastTurnMs: number;
  #stalledMs = 0;
  #nextCheckMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastTurnMs = clock.monotonicMs();
  }

  /** Turns come from now on: what went by without them was no stall. */
  resume(): void {
    this.#lastTurnMs = this.#clock.monotonicMs();
  }

  /** True monotonic time, stalls included. */
  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  nowMs(): number {
    return this.#clock.monotonicMs() - this.#stalledMs;
  }

  /** Call at each turn: whether it is time to look at expiry, after the turn's signs of life. */
  isDue(): boolean {
    const nowMs = this.#clock.monotonicMs();
    const pauseMs = nowMs - this.#lastTurnMs;
    if (pauseMs > stallMs) this.#stalledMs += pauseMs;
    this.#lastTurnMs = nowMs;
    if (nowMs < this.#nextCheckMs) return false;
    this.#nextCheckMs = nowMs + checkEveryMs;
    return true;
  }
}
