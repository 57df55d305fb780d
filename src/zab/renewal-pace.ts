/** How often a leader may end for a server of a later epoch (docs/decisions/0010). */

/** How many renewals may follow each other at once, and how long it takes until one more may. */
const renewalsMax = 8;
const ticksPerRenewal = 512;

/**
 * Keeps renewals rare, whoever asks for them: a server that lies about its epochs must not keep an
 * ensemble from serving. It belongs to the server, and lasts from one leadership to the next.
 */
export class RenewalPace {
  #left = renewalsMax;
  #countedAtMs = 0;

  /** Whether there may be a renewal now, which is counted then. */
  take(nowMs: number, tickMs: number): boolean {
    const earned = Math.floor((nowMs - this.#countedAtMs) / (ticksPerRenewal * tickMs));
    this.#left = Math.min(this.#left + earned, renewalsMax);
    this.#countedAtMs += earned * ticksPerRenewal * tickMs;
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }
}
