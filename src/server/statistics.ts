/**
 * Counters of client traffic, as the four-letter words report them: packets and request latency.
 * One object for a server; connections add to it on the hot path.
 */
export class ConnectionStatistics {
  received = 0;
  sent = 0;
  /** Replies above `jute.maxbuffer`. */
  longReplies = 0;
  /** Sessions that were not opened for want of tokens. */
  throttledConnections = 0;
  #latencyCount = 0;
  #latencySumMs = 0;
  #latencyMinMs = Infinity;
  #latencyMaxMs = 0;

  noteLatency(latencyMs: number): void {
    this.#latencyCount += 1;
    this.#latencySumMs += latencyMs;
    if (latencyMs < this.#latencyMinMs) this.#latencyMinMs = latencyMs;
    if (latencyMs > this.#latencyMaxMs) this.#latencyMaxMs = latencyMs;
  }

  get latencyMinMs(): number {
    return this.#latencyCount === 0 ? 0 : this.#latencyMinMs;
  }

  get latencyMeanMs(): number {
    return this.#latencyCount === 0 ? 0 : this.#latencySumMs / this.#latencyCount;
  }

  get latencyMaxMs(): number {
    return this.#latencyMaxMs;
  }
}
