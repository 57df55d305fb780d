/**
 * Sessions that only this server knows (ZooKeeper 3.9 `LocalSessionTracker`): opened, kept alive
 * and expired here without a transaction, so that they cost the ensemble nothing. They may own no
 * ephemeral nodes. Those of read-only mode are of this kind as well.
 *
 * Unlike ZooKeeper's they outlive an election: whoever comes back to this server in time goes on.
 */
import { SessionTracker } from "../tree/index.ts";
import type { SessionClock } from "./session-clock.ts";

export class LocalSessions {
  readonly #tickTimeMs: number;
  readonly #clock: SessionClock;
  #tracker: SessionTracker;

  constructor(tickTimeMs: number, clock: SessionClock) {
    this.#tickTimeMs = tickTimeMs;
    this.#clock = clock;
    this.#tracker = new SessionTracker(tickTimeMs);
  }

  get count(): number {
    return this.#tracker.count;
  }

  has(id: bigint): boolean {
    return this.#tracker.has(id);
  }

  open(id: bigint, timeoutMs: number): void {
    this.#tracker.track(id, timeoutMs, this.#clock.nowMs());
  }

  /** A sign of life, or a client that comes back; false when there is no such session here. */
  touch(id: bigint, timeoutMs: number): boolean {
    return this.#tracker.touch(id, this.#clock.nowMs(), timeoutMs);
  }

  /** The session is over, or global from now on. */
  remove(id: bigint): void {
    this.#tracker.remove(id);
  }

  /** Gives each session a full timeout, after a time in which nobody was served. */
  renew(): void {
    const nowMs = this.#clock.nowMs();
    for (const id of this.#tracker.ids()) this.#tracker.touch(id, nowMs);
  }

  clear(): void {
    this.#tracker = new SessionTracker(this.#tickTimeMs);
  }

  /** Ends the sessions whose time is up, and names them. */
  expire(): bigint[] {
    const expired = this.#tracker.expire(this.#clock.nowMs());
    for (const id of expired) this.#tracker.remove(id);
    return expired;
  }
}
