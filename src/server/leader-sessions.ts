/**
 * The leader's care for global sessions: who may write for one, when one expires. A new leader
 * begins with a full timeout for everybody.
 */
import { SessionTracker } from "../tree/index.ts";
import type { SessionOwner } from "../tree/index.ts";
import { ErrorCode, JuteReader, OpCode } from "../wire/index.ts";
import type { SessionClock } from "./session-clock.ts";

export class LeaderSessions {
  /** When this server began to lead, in monotonic ms. */
  readonly startedAtMs: number;
  readonly #tracker: SessionTracker;
  readonly #clock: SessionClock;

  constructor(tickTimeMs: number, clock: SessionClock) {
    this.#tracker = new SessionTracker(tickTimeMs);
    this.#clock = clock;
    this.startedAtMs = clock.monotonicMs();
  }

  /** Gives each session a full timeout from now on. */
  trackAll(sessions: ReadonlyMap<bigint, number>): void {
    for (const [id, timeoutMs] of sessions) this.#tracker.track(id, timeoutMs, this.#clock.nowMs());
  }

  touch(id: bigint): void {
    this.#tracker.touch(id, this.#clock.nowMs());
  }

  /** Takes in a learner's report: session id and timeout, repeated. */
  touchAll(report: Buffer): void {
    const reader = new JuteReader(report);
    while (reader.remaining >= 12) {
      const id = reader.readLong();
      this.#tracker.touch(id, this.#clock.nowMs(), reader.readInt());
    }
  }

  /** Whoever serves a session; undefined until somebody has spoken for it. */
  ownerOf(id: bigint): SessionOwner | undefined {
    return this.#tracker.owner(id);
  }

  /** The sessions that others than `owner` are known to serve. */
  *ownedElsewhere(owner: SessionOwner): Generator<bigint> {
    for (const id of this.#tracker.ids()) {
      const other = this.#tracker.owner(id);
      if (other !== undefined && other !== owner) yield id;
    }
  }

  /** Moves a session to `owner`; false when there is none to move. */
  reopen(id: bigint, timeoutMs: number, owner: SessionOwner): boolean {
    return (
      this.#tracker.touch(id, this.#clock.nowMs(), timeoutMs) && this.#tracker.setOwner(id, owner)
    );
  }

  /** Whether `owner` may submit a request of `type` for session `id`: 0 or the reason. */
  admit(id: bigint, type: number, owner: SessionOwner, body: Buffer): number {
    if (type === OpCode.createSession) {
      this.#tracker.track(id, new JuteReader(body).readInt(), this.#clock.nowMs());
      this.#tracker.setOwner(id, owner);
      return ErrorCode.ok;
    }
    if (type === OpCode.closeSession) {
      this.#tracker.setClosing(id);
      return ErrorCode.ok;
    }
    return this.#tracker.check(id, owner);
  }

  has(id: bigint): boolean {
    return this.#tracker.has(id);
  }

  remove(id: bigint): void {
    this.#tracker.remove(id);
  }

  /** Sessions whose time is up; each is returned once. */
  expire(): bigint[] {
    return this.#tracker.expire(this.#clock.nowMs());
  }

  /** Sessions by how much time they have left, in ms; the least first. */
  timesLeft(): readonly (readonly [leftMs: number, ids: Iterable<bigint>])[] {
    const nowMs = this.#clock.nowMs();
    return this.#tracker.deadlines().map(([deadlineMs, ids]) => [deadlineMs - nowMs, ids]);
  }
}
