/**
 * Counters of client traffic, as the four-letter words and the admin server report them: packets,
 * latencies and sizes, for the server as a whole and for each connection. They are written on the
 * hot path, so noting something costs a few additions; whoever reports does the arithmetic.
 */

/** Durations of requests, in ms. */
class LatencySummary {
  count = 0;
  sumMs = 0;
  #minMs = Infinity;
  #maxMs = 0;

  note(latencyMs: number): void {
    this.count += 1;
    this.sumMs += latencyMs;
    if (latencyMs < this.#minMs) this.#minMs = latencyMs;
    if (latencyMs > this.#maxMs) this.#maxMs = latencyMs;
  }

  /** 0 before the first one, as are the others. */
  get minMs(): number {
    return this.count === 0 ? 0 : this.#minMs;
  }

  get meanMs(): number {
    return this.count === 0 ? 0 : this.sumMs / this.count;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  reset(): void {
    this.count = 0;
    this.sumMs = 0;
    this.#minMs = Infinity;
    this.#maxMs = 0;
  }
}

/** Sizes of packets, in bytes; -1 before the first one. */
export class SizeSummary {
  last = -1;
  min = -1;
  max = -1;

  note(bytes: number): void {
    this.last = bytes;
    if (this.min < 0 || bytes < this.min) this.min = bytes;
    if (bytes > this.max) this.max = bytes;
  }

  reset(): void {
    this.last = -1;
    this.min = -1;
    this.max = -1;
  }
}

/** Traffic of all clients of a server; connections add to it. */
export class ConnectionStatistics {
  received = 0;
  sent = 0;
  /** Replies above `jute.maxbuffer`. */
  longReplies = 0;
  /** Sessions that were not opened for want of tokens. */
  throttledConnections = 0;
  readonly latency = new LatencySummary();

  reset(): void {
    this.received = 0;
    this.sent = 0;
    this.latency.reset();
  }
}

/** Traffic of one connection, and its last request that was answered. */
export class ConnectionActivity {
  received = 0;
  sent = 0;
  /** An opcode; null before the first answer. */
  lastType: number | null = null;
  /** -1 when there was none that a client had numbered. */
  lastXid = -1;
  lastZxid = -1n;
  /** When answers were last sent, in monotonic ms; 0 for never. */
  lastSentAtMs = 0;
  lastLatencyMs = 0;
  readonly latency = new LatencySummary();

  /** A request was answered. */
  answered(xid: number, type: number, zxid: bigint, latencyMs: number): void {
    // Pings and their like have numbers below 0: what counts is what the client did last.
    if (xid >= 0) this.lastXid = xid;
    this.lastType = type;
    this.lastZxid = zxid;
    this.lastLatencyMs = latencyMs;
    this.latency.note(latencyMs);
  }

  reset(): void {
    this.received = 0;
    this.sent = 0;
    this.lastType = null;
    this.lastXid = -1;
    this.lastZxid = -1n;
    this.lastSentAtMs = 0;
    this.lastLatencyMs = 0;
    this.latency.reset();
  }
}
