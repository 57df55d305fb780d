/**
 * How much work clients may have under way at a server, all connections together (ZooKeeper 3.9
 * `globalOutstandingLimit`, `RequestThrottler` and the limits on large requests). Reads are
 * answered at once here, so that work under way is writes, syncs and what waits behind them. A
 * connection that brings too much is not read any further until there is room; requests are never
 * thrown away for it.
 *
 * Limits are looked at after a request was taken: each connection may exceed them by one.
 */
import { WireError } from "../../wire/index.ts";

/** What is limited; the names are those of the configuration. */
export interface RequestLimitSettings {
  /** Requests under way from which no connection is read; 0 is unlimited. @default 0 */
  readonly requestThrottleMax: number;
  /** Wait from which a held back request is answered by an error, in ms; 0 never. @default 0 */
  readonly throttledOpWaitMs: number;
  /** Size above which a request counts as large, in bytes; -1 for none. @default -1 */
  readonly largeRequestThresholdBytes: number;
  /** All large requests under way, in bytes. @default 104857600 */
  readonly largeRequestBytesMax: number;
}

/** What is limited, and may change at any time. */
export interface OutstandingLimit {
  /** Requests under way from which a connection with one of them is not read. */
  readonly globalOutstandingLimit: number;
}

/** A connection as the limits see it. */
export interface LimitedConnection {
  /** Its requests under way. */
  readonly pendingCount: number;
  /** Stops it from being read. */
  holdRequests(): void;
  /** Reads on; may bring new requests during the call. */
  releaseRequests(): void;
}

export class RequestLimits {
  readonly settings: RequestLimitSettings;
  readonly #live: OutstandingLimit;
  /** How often a connection was held back, and how many large requests were refused. */
  heldCount = 0;
  largeRefusedCount = 0;
  /** Connections held back, in order. */
  readonly #held = new Set<LimitedConnection>();
  #underWay = 0;
  #largeBytes = 0;

  constructor(settings: RequestLimitSettings, live: OutstandingLimit) {
    this.settings = settings;
    this.#live = live;
  }

  /** Requests under way. */
  get underWay(): number {
    return this.#underWay;
  }

  /**
   * Call with the length of a frame before memory is reserved for it.
   *
   * @throws WireError `bad-length` when there is no room for another large request.
   */
  checkLength(length: number): void {
    const { largeRequestBytesMax } = this.settings;
    if (!this.#isLarge(length) || this.#largeBytes + length <= largeRequestBytesMax) return;
    this.largeRefusedCount += 1;
    throw new WireError(
      "bad-length",
      `Cannot accept large request of ${String(length)} bytes: ${String(this.#largeBytes)} are ` +
        `under way, largeRequestMaxBytes allows ${String(largeRequestBytesMax)}`,
    );
  }

  /** A request of so many bytes is under way; `connection` counts it already. */
  began(connection: LimitedConnection, bytes: number): void {
    this.#underWay += 1;
    if (this.#isLarge(bytes)) this.#largeBytes += bytes;
    if (!this.#mustHold(connection)) return;
    if (!this.#held.has(connection)) {
      this.#held.add(connection);
      this.heldCount += 1;
    }
    connection.holdRequests();
  }

  /** It was answered, or its connection is gone; `connection` counts it no longer. */
  finished(connection: LimitedConnection, bytes: number): void {
    this.#underWay -= 1;
    if (this.#isLarge(bytes)) this.#largeBytes -= bytes;
    if (this.#held.size === 0) return;
    if (this.#held.has(connection) && !this.#mustHold(connection)) this.#release(connection);
    if (this.settings.requestThrottleMax === 0) return;
    // Others may be held back without having anything under way that would wake them.
    for (const other of this.#held) {
      if (this.#isFull) break;
      if (!this.#mustHold(other)) this.#release(other);
    }
  }

  /** The connection is gone, and all its requests are finished. */
  forget(connection: LimitedConnection): void {
    this.#held.delete(connection);
  }

  get #isFull(): boolean {
    const { requestThrottleMax } = this.settings;
    return requestThrottleMax > 0 && this.#underWay >= requestThrottleMax;
  }

  #mustHold(connection: LimitedConnection): boolean {
    if (this.#isFull) return true;
    return this.#underWay > this.#live.globalOutstandingLimit && connection.pendingCount > 0;
  }

  #release(connection: LimitedConnection): void {
    this.#held.delete(connection);
    connection.releaseRequests();
  }

  #isLarge(bytes: number): boolean {
    const { largeRequestThresholdBytes } = this.settings;
    return largeRequestThresholdBytes >= 0 && bytes > largeRequestThresholdBytes;
  }
}
