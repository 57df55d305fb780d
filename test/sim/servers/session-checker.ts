/**
 * No session ends while its client is alive and heard in time. What "in time" asks of everybody: the
 * client was connected to one server which answered it all along, for so long that a leader must
 * have been told of it, and nothing cut that server off from the leader.
 */
import { formatHex } from "../../../src/wire/index.ts";
import { Violation } from "../violation.ts";
import type { SessionWatcher } from "./history.ts";
import type { SimClient } from "./sim-client.ts";

export interface SessionCheckerOptions {
  readonly nowMs: () => number;
  readonly clientOf: (sessionId: bigint) => SimClient | undefined;
  /** Time that a sign of life takes from a follower to the leader, at most. */
  readonly reportMs: number;
}

export class SessionChecker implements SessionWatcher {
  readonly #options: SessionCheckerOptions;
  /** When servers or the network last failed to pass on signs of life. */
  #disturbedMs = 0;
  expiredCount = 0;

  constructor(options: SessionCheckerOptions) {
    this.#options = options;
  }

  /** A fault came or went that keeps signs of life from the leader. */
  disturbed(): void {
    this.#disturbedMs = this.#options.nowMs();
  }

  expired(sessionId: bigint, zxid: bigint): void {
    this.expiredCount += 1;
    const { clientOf, nowMs, reportMs } = this.#options;
    const client = clientOf(sessionId);
    if (client === undefined || client.isClosing) return;
    const quietMs = nowMs() - this.#disturbedMs;
    // Clients ping four times in a timeout, so that a leader has heard of this one within it.
    const neededMs = 0.75 * client.timeoutMs + reportMs;
    if (client.steadyForMs < neededMs || quietMs < 2 * client.timeoutMs + reportMs) return;
    const text =
      `${formatHex(sessionId)} expires at ${formatHex(zxid)}, though one server has answered its ` +
      `client for ${client.steadyForMs} ms`;
    throw new Violation("sessions live while their clients do", text);
  }
}
