/**
 * Which sessions live, until when, and which server serves each: the leader's clockwork, also that
 * of a server alone (ZooKeeper 3.9 `SessionTrackerImpl`, `ExpiryQueue`). Deadlines are rounded up
 * to ticks, so that sessions expire in batches and most touches change nothing. Times are
 * monotonic milliseconds and come as arguments. The tracker decides nothing for good: an expired
 * session ends when its closeSession transaction is applied.
 *
 * Invariant: a session is in exactly the bucket of its deadline, or in none when it is closing.
 */
import { assert } from "../base/index.ts";
import { ErrorCode } from "../wire/index.ts";

/** Whoever may speak for a session: the id of the server that the client is connected to. */
export type SessionOwner = number | bigint;

interface Session {
  timeoutMs: number;
  /** A multiple of the tick. */
  deadlineMs: number;
  owner: SessionOwner | undefined;
  closing: boolean;
}

/** Deadlines and owners of sessions. */
export class SessionTracker {
  readonly #tickMs: number;
  readonly #sessions = new Map<bigint, Session>();
  readonly #buckets = new Map<number, Set<bigint>>();

  /** @param tickMs granularity of expiry, above 0. */
  constructor(tickMs: number) {
    assert(Number.isInteger(tickMs) && tickMs > 0, "A tick is a positive number of milliseconds");
    this.#tickMs = tickMs;
  }

  /** How many sessions there are, closing ones included. */
  get count(): number {
    return this.#sessions.size;
  }

  ids(): IterableIterator<bigint> {
    return this.#sessions.keys();
  }

  /** Begins to watch over a session, or begins anew with the timeout given. */
  track(id: bigint, timeoutMs: number, nowMs: number): void {
    const session = this.#sessions.get(id);
    if (session === undefined) {
      const deadlineMs = this.#deadline(nowMs, timeoutMs);
      this.#sessions.set(id, { timeoutMs, deadlineMs, owner: undefined, closing: false });
      this.#enter(id, deadlineMs);
      return;
    }
    session.timeoutMs = timeoutMs;
    if (!session.closing) this.#postpone(id, session, nowMs);
  }

  /**
   * Notes a sign of life. False when the session is unknown or closing.
   *
   * @param timeoutMs what the session's own timeout is said to be, when somebody else knows better.
   */
  touch(id: bigint, nowMs: number, timeoutMs?: number): boolean {
    const session = this.#sessions.get(id);
    if (session === undefined || session.closing) return false;
    if (timeoutMs !== undefined) session.timeoutMs = timeoutMs;
    this.#postpone(id, session, nowMs);
    return true;
  }

  /** Forgets a session: its closeSession transaction has been applied. */
  remove(id: bigint): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#leave(id, session.deadlineMs);
    this.#sessions.delete(id);
  }

  has(id: bigint): boolean {
    return this.#sessions.has(id);
  }

  timeoutOf(id: bigint): number | undefined {
    return this.#sessions.get(id)?.timeoutMs;
  }

  owner(id: bigint): SessionOwner | undefined {
    return this.#sessions.get(id)?.owner;
  }

  /** Moves a session to another server. False when the session is unknown or closing. */
  setOwner(id: bigint, owner: SessionOwner): boolean {
    const session = this.#sessions.get(id);
    if (session === undefined || session.closing) return false;
    session.owner = owner;
    return true;
  }

  /**
   * Whether `owner` may write for the session: 0, `sessionExpired`, or `sessionMoved`. A session
   * without an owner becomes that of the first who asks.
   */
  check(id: bigint, owner: SessionOwner): ErrorCode {
    const session = this.#sessions.get(id);
    if (session === undefined || session.closing) return ErrorCode.sessionExpired;
    session.owner ??= owner;
    return session.owner === owner ? ErrorCode.ok : ErrorCode.sessionMoved;
  }

  /** Stops the clock of a session whose closeSession is under way. */
  setClosing(id: bigint): void {
    const session = this.#sessions.get(id);
    if (session === undefined || session.closing) return;
    session.closing = true;
    this.#leave(id, session.deadlineMs);
  }

  isClosing(id: bigint): boolean {
    return this.#sessions.get(id)?.closing === true;
  }

  /** Sessions whose time is up, earliest first; they are closing from now on. */
  expire(nowMs: number): bigint[] {
    const expired: bigint[] = [];
    const due = Array.from(this.#buckets.keys()).filter((deadlineMs) => deadlineMs <= nowMs);
    for (const deadlineMs of due.sort((left, right) => left - right)) {
      expired.push(...(this.#buckets.get(deadlineMs) ?? []));
    }
    for (const id of expired) this.setClosing(id);
    return expired;
  }

  /** Sessions that are not closing, by the time at which they expire, earliest first. */
  deadlines(): readonly (readonly [deadlineMs: number, ids: Iterable<bigint>])[] {
    return Array.from(this.#buckets).sort(([left], [right]) => left - right);
  }

  /** When `expire` will have something to do next; undefined when no session has a deadline. */
  nextExpiryMs(): number | undefined {
    let next: number | undefined;
    for (const deadlineMs of this.#buckets.keys()) {
      if (next === undefined || deadlineMs < next) next = deadlineMs;
    }
    return next;
  }

  #deadline(nowMs: number, timeoutMs: number): number {
    return (Math.floor((nowMs + timeoutMs) / this.#tickMs) + 1) * this.#tickMs;
  }

  #postpone(id: bigint, session: Session, nowMs: number): void {
    const deadlineMs = this.#deadline(nowMs, session.timeoutMs);
    if (deadlineMs === session.deadlineMs) return;
    this.#leave(id, session.deadlineMs);
    session.deadlineMs = deadlineMs;
    this.#enter(id, deadlineMs);
  }

  #enter(id: bigint, deadlineMs: number): void {
    const bucket = this.#buckets.get(deadlineMs);
    if (bucket === undefined) this.#buckets.set(deadlineMs, new Set([id]));
    else bucket.add(id);
  }

  #leave(id: bigint, deadlineMs: number): void {
    const bucket = this.#buckets.get(deadlineMs);
    if (bucket === undefined) return;
    bucket.delete(id);
    if (bucket.size === 0) this.#buckets.delete(deadlineMs);
  }
}
