/**
 * The leader's care for sessions: who may write for one, when one expires. Its clock stands still
 * while this process is stalled, so that sessions whose signs of life could not be read in time
 * do not expire for it. A new leader begins with a full timeout for everybody.
 */
import type { Clock } from "../base/index.ts";
import { SessionTracker } from "../tree/index.ts";
import type { SessionOwner } from "../tree/index.ts";
import { ErrorCode, JuteReader, OpCode } from "../wire/index.ts";

/** How often expiry is looked at, in ms. */
const checkEveryMs = 50;
/** A pause between turns from which this process counts as stalled, in ms. */
const stallMs = 500;

export class LeaderSessions {
  /** When this server began to lead, in monotonic ms. */
  readonly startedAtMs: number;
  readonly #tracker: SessionTracker;
  readonly #clock: Clock;
  #lastTurnMs: number;
  #stalledMs = 0;
  #nextCheckMs = 0;

  constructor(tickTimeMs: number, clock: Clock) {
    this.#tracker = new SessionTracker(tickTimeMs);
    this.#clock = clock;
    this.startedAtMs = clock.monotonicMs();
    this.#lastTurnMs = this.startedAtMs;
  }

  /** Gives each session a full timeout from now on. */
  trackAll(sessions: ReadonlyMap<bigint, number>): void {
    for (const [id, timeoutMs] of sessions) this.#tracker.track(id, timeoutMs, this.#nowMs());
  }

  touch(id: bigint): void {
    this.#tracker.touch(id, this.#nowMs());
  }

  /** Takes in a learner's report: session id and timeout, repeated. */
  touchAll(report: Buffer): void {
    const reader = new JuteReader(report);
    while (reader.remaining >= 12) {
      const id = reader.readLong();
      this.#tracker.touch(id, this.#nowMs(), reader.readInt());
    }
  }

  /** Moves a session to `owner`; false when there is none to move. */
  reopen(id: bigint, timeoutMs: number, owner: SessionOwner): boolean {
    return this.#tracker.touch(id, this.#nowMs(), timeoutMs) && this.#tracker.setOwner(id, owner);
  }

  /** Whether `owner` may submit a request of `type` for session `id`: 0 or the reason. */
  admit(id: bigint, type: number, owner: SessionOwner, body: Buffer): number {
    if (type === OpCode.createSession) {
      this.#tracker.track(id, new JuteReader(body).readInt(), this.#nowMs());
      this.#tracker.setOwner(id, owner);
      return ErrorCode.ok;
    }
    if (type === OpCode.closeSession) {
      this.#tracker.setClosing(id);
      return ErrorCode.ok;
    }
    return this.#tracker.check(id, owner);
  }

  remove(id: bigint): void {
    this.#tracker.remove(id);
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

  /** Sessions whose time is up; each is returned once. */
  expire(): bigint[] {
    return this.#tracker.expire(this.#nowMs());
  }

  /** Sessions by how much time they have left, in ms; the least first. */
  timesLeft(): readonly (readonly [leftMs: number, ids: Iterable<bigint>])[] {
    const nowMs = this.#nowMs();
    return this.#tracker.deadlines().map(([deadlineMs, ids]) => [deadlineMs - nowMs, ids]);
  }

  #nowMs(): number {
    return this.#clock.monotonicMs() - this.#stalledMs;
  }
}
