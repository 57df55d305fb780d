/**
 * Warnings about what clients do, which a hostile client can cause at will: each is logged once in
 * a while, with the number of those left out since.
 */
import type { Clock } from "../../base/index.ts";
import type { Logger } from "../../observe/index.ts";

/** Least time between two lines about the same thing, in ms. */
const intervalMs = 5000;

export class RateLimitedLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #last = new Map<string, { loggedAtMs: number; leftOut: number }>();

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /**
   * @param message one of a few constant texts; what differs belongs in `fields`.
   * @param subject what the line is about, one of a bounded number: each has lines of its own.
   */
  warn(message: string, fields: Readonly<Record<string, unknown>>, subject = ""): void {
    const key = `${message} ${subject}`;
    const nowMs = this.#clock.monotonicMs();
    const last = this.#last.get(key);
    if (last !== undefined && nowMs - last.loggedAtMs < intervalMs) {
      last.leftOut += 1;
      return;
    }
    const leftOut = last?.leftOut ?? 0;
    this.#last.set(key, { loggedAtMs: nowMs, leftOut: 0 });
    this.#logger.warn(message, leftOut === 0 ? fields : { ...fields, leftOut });
  }
}
