/**
 * How long the requests of one connection were held back because the server as a whole had too
 * much to do, and which of them are refused for it (ZooKeeper's `RequestThrottler`,
 * `zookeeper.throttled_op_wait_time`).
 */
import { OpCode } from "../../wire/index.ts";

export class RequestWait {
  readonly #waitMsMax: number;
  /** When requests began to be held back; null when they are not. */
  #heldAtMs: number | null = null;
  /** How long the requests waited that are being taken now, in ms. */
  #waitedMs = 0;

  /** @param waitMsMax - a wait that no request is refused for; 0 when none is refused at all. */
  constructor(waitMsMax: number) {
    this.#waitMsMax = waitMsMax;
  }

  begin(nowMs: number): void {
    this.#heldAtMs ??= nowMs;
  }

  /** Has `take` take up the requests that waited until now. */
  end(nowMs: number, take: () => void): void {
    this.#waitedMs = nowMs - (this.#heldAtMs ?? nowMs);
    this.#heldAtMs = null;
    take();
    this.#waitedMs = 0;
  }

  /** Whether a request that is being taken now is refused. */
  isTooLong(type: number): boolean {
    if (this.#waitedMs === 0 || this.#waitMsMax === 0 || this.#waitedMs <= this.#waitMsMax) {
      return false;
    }
    return type !== OpCode.ping && type !== OpCode.closeSession;
  }
}
