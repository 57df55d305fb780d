/**
 * Which connection here serves which session: opening new sessions, taking up old ones with the
 * leader's consent, reporting signs of life, and, on a leader, admitting requests and ending
 * sessions whose time is up (ZooKeeper 3.9 `SessionTrackerImpl`, `LearnerSessionTracker`). It
 * submits createSession and closeSession through its host and is told when they are applied.
 * Local sessions it opens and ends alone, and makes global when they need it.
 */
import type { Clock } from "../base/index.ts";
import type { Logger } from "../observe/index.ts";
import {
  ErrorCode,
  JuteReader,
  JuteWriter,
  OpCode,
  PacketType,
  formatHex,
  sessionPassword,
} from "../wire/index.ts";
import type { SessionOwner } from "../tree/index.ts";
import type { ConnectRequest, QuorumPacket } from "../wire/index.ts";
import type { ClientConnection } from "./client-connection.ts";
import { LeaderSessions } from "./leader-sessions.ts";
import { LocalSessions } from "./local-sessions.ts";
import type { RateLimitedLog } from "./limits/index.ts";
import type { ServerMetrics } from "./metrics/index.ts";
import { RelayedTouches } from "./relayed-touches.ts";
import { SessionClock } from "./session-clock.ts";
import { SessionIds, isIssuedBy } from "./session-ids.ts";

/** A packet without identities. */
export type PlainPacket = Pick<QuorumPacket, "type" | "zxid" | "data">;

/** What the service asks of the request processor. */
export interface SessionHost {
  /** Newest transaction that this server has heard of, decided or not. */
  newestZxid(): bigint;
  /** Whether a session of this id is known to all servers. */
  isGlobal(sessionId: bigint): boolean;
  /** Has a createSession or closeSession request made into a transaction. */
  submitSession(sessionId: bigint, type: number, body: Buffer): void;
  /** Asks the leader whether a session may be taken up here. */
  askLeader(sessionId: bigint, timeoutMs: number): void;
  /** On a leader: tells servers that a session is at `owner` now; `before` if it is known. */
  sessionMoved(sessionId: bigint, owner: SessionOwner, before: SessionOwner | undefined): void;
}

export interface SessionServiceOptions {
  readonly sid: bigint;
  readonly tickTimeMs: number;
  /** Which timeouts clients get; may change at any time. */
  readonly timeouts: { readonly minSessionTimeoutMs: number; readonly maxSessionTimeoutMs: number };
  /** Whether new sessions are local. */
  readonly localSessionsEnabled: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Warnings that clients can cause at will. */
  readonly complaints: RateLimitedLog;
  readonly metrics: ServerMetrics;
}

/** Owner of sessions whose clients are connected to this server. */
export const here = 0;

const noBody = Buffer.alloc(0);

export class SessionService {
  readonly #options: SessionServiceOptions;
  readonly #host: SessionHost;
  readonly #ids: SessionIds;
  readonly #clock: SessionClock;
  readonly #local: LocalSessions;
  /** Connections that serve a session, by its id. */
  readonly #serving = new Map<bigint, ClientConnection>();
  /** Connections that wait for their new session. */
  readonly #opening = new Map<bigint, ClientConnection>();
  /** Connections that wait for the leader's word on their session. */
  readonly #revalidating = new Map<bigint, ClientConnection>();
  /** Connections of global and of local sessions that were heard of since the last look. */
  #touched: ClientConnection[] = [];
  #touchedLocal: ClientConnection[] = [];
  /** Sessions that observers behind this server have reported. */
  readonly #relayed = new RelayedTouches();
  #isReadOnly = false;
  /** Set while this server leads and serves. */
  #leading: LeaderSessions | undefined;

  constructor(options: SessionServiceOptions, host: SessionHost) {
    this.#options = options;
    this.#host = host;
    this.#clock = new SessionClock(options.clock);
    this.#local = new LocalSessions(options.tickTimeMs, this.#clock);
    this.#ids = new SessionIds(options.sid, options.clock.wallMs(), (id) => {
      return this.#local.has(id) || host.isGlobal(id);
    });
  }

  /** The leader's view, while this server leads. */
  get leading(): LeaderSessions | undefined {
    return this.#leading;
  }

  /** Sessions that only this server knows. */
  get localCount(): number {
    return this.#local.count;
  }

  connectionOf(sessionId: bigint): ClientConnection | undefined {
    return this.#serving.get(sessionId);
  }

  /** Gives each session a full timeout, as a new leader does. */
  lead(sessions: ReadonlyMap<bigint, number>): void {
    this.#leading = new LeaderSessions(this.#options.tickTimeMs, this.#clock);
    this.#leading.trackAll(sessions);
  }

  /** Clients may come from now on; without a quorum, all their sessions are local. */
  begin(isReadOnly: boolean): void {
    this.#isReadOnly = isReadOnly;
    this.#clock.resume();
    this.#local.renew();
  }

  /** Forgets what was asked of the leader, and the own leadership. */
  suspend(): void {
    this.#leading = undefined;
    this.#opening.clear();
    this.#revalidating.clear();
    this.#relayed.clear();
  }

  /** After `suspend`: cuts off the clients whose sessions have ended meanwhile. */
  resume(): void {
    for (const [sessionId, connection] of this.#serving) {
      if (!connection.isLocal && !this.#host.isGlobal(sessionId)) connection.destroy();
    }
  }

  /** Forgets all connections, and leadership. */
  reset(): void {
    this.suspend();
    this.#serving.clear();
    this.#touched = [];
    this.#touchedLocal = [];
    // A session that was opened in read-only mode ends with it.
    if (!this.#options.localSessionsEnabled) this.#local.clear();
  }

  /** A client asks for a new session or for its old one. */
  connect(connection: ClientConnection, request: ConnectRequest): void {
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.#options.timeouts;
    const atLeastMs = Math.max(request.timeoutMs, minSessionTimeoutMs);
    const timeoutMs = Math.min(atLeastMs, maxSessionTimeoutMs);
    connection.timeoutMs = timeoutMs;
    if (request.sessionId !== 0n) {
      this.#reopen(connection, request);
      return;
    }
    connection.sessionId = this.#ids.next();
    if (this.#options.localSessionsEnabled || this.#isReadOnly) {
      this.#local.open(connection.sessionId, timeoutMs);
      this.#serveLocal(connection);
      return;
    }
    this.#opening.set(connection.sessionId, connection);
    this.#submitCreation(connection);
  }

  /** Makes a local session global: before anything that its client sends from now on. */
  upgrade(connection: ClientConnection): void {
    const { sessionId } = connection;
    if (!this.#local.has(sessionId)) return;
    this.#options.logger.info("Upgrading session", { session: formatHex(sessionId) });
    this.#local.remove(sessionId);
    connection.isLocal = false;
    this.#submitCreation(connection);
  }

  /** The client of a local session ends it. */
  endLocal({ sessionId }: ClientConnection): void {
    if (!this.#local.has(sessionId)) {
      // It became global while the request waited.
      this.#host.submitSession(sessionId, OpCode.closeSession, noBody);
    }
    this.#local.remove(sessionId);
    this.#serving.delete(sessionId);
  }

  /** A createSession transaction was applied. */
  created(sessionId: bigint): void {
    // It was local here, and another server, to which its client had moved, made it global.
    this.#local.remove(sessionId);
    const serving = this.#serving.get(sessionId);
    if (serving !== undefined) serving.isLocal = false;
    const connection = this.#opening.get(sessionId);
    if (connection === undefined) return;
    this.#opening.delete(sessionId);
    this.#serving.set(sessionId, connection);
    connection.welcome(sessionId, connection.timeoutMs);
  }

  /** A closeSession transaction was applied. */
  ended(sessionId: bigint): void {
    this.#leading?.remove(sessionId);
    const connection = this.#serving.get(sessionId);
    if (connection === undefined) return;
    this.#serving.delete(sessionId);
    // Closed by its own request, it has been told; expired, it is cut off.
    if (connection.isOpen) connection.destroy();
  }

  /** A connection is gone; its session lives on. */
  disconnected(connection: ClientConnection): void {
    const { sessionId } = connection;
    for (const table of [this.#serving, this.#opening, this.#revalidating]) {
      if (table.get(sessionId) === connection) table.delete(sessionId);
    }
  }

  /** A sign of life; noted once until the next report. */
  touch(connection: ClientConnection): void {
    if (connection.isTouched) return;
    connection.isTouched = true;
    (connection.isLocal ? this.#touchedLocal : this.#touched).push(connection);
  }

  /** Sessions and timeouts that a learner reports; as a learner, this is to be passed on. */
  touchedElsewhere(report: Buffer): void {
    if (this.#leading === undefined) this.#relayed.add(report);
    else this.#leading.touchAll(report);
  }

  /** On a learner: the report for the leader's PING, sessions and timeouts. */
  report(): Buffer {
    const data = new JuteWriter(12 * this.#touched.length + 16);
    for (const connection of takeTouched(this.#touched)) {
      data.writeLong(connection.sessionId);
      data.writeInt(connection.timeoutMs);
    }
    this.#relayed.write(data);
    return data.take();
  }

  /** Call at each turn in which clients are served: ends the sessions whose time is up. */
  keep(): void {
    if (!this.#clock.isDue()) return;
    for (const { sessionId, timeoutMs } of takeTouched(this.#touchedLocal)) {
      this.#local.touch(sessionId, timeoutMs);
    }
    for (const sessionId of this.#local.expire()) {
      this.#options.logger.info("Local session expired", { session: formatHex(sessionId) });
      this.#serving.get(sessionId)?.destroy();
    }
    const leading = this.#leading;
    if (leading === undefined) return;
    for (const { sessionId } of takeTouched(this.#touched)) leading.touch(sessionId);
    for (const sessionId of leading.expire()) {
      this.#options.metrics.sessionsExpired += 1;
      this.#options.logger.info("Session expired", { session: formatHex(sessionId) });
      this.#host.submitSession(sessionId, OpCode.closeSession, noBody);
    }
  }

  /** On a leader: whether `owner` may submit a request for session `id`: 0 or the reason. */
  admit(id: bigint, type: number, owner: SessionOwner, body: Buffer): number {
    const err = this.#leading?.admit(id, type, owner, body) ?? ErrorCode.sessionExpired;
    return err !== ErrorCode.ok && this.#mayBeLocal(id, owner) ? ErrorCode.ok : err;
  }

  /** On a leader: 0, or why session `id` may own no ephemeral nodes. */
  ephemeralProblem(id: bigint, owner: SessionOwner): number {
    if (this.#leading?.has(id) === true) return ErrorCode.ok;
    return owner === here ? ErrorCode.ephemeralOnLocalSession : ErrorCode.sessionExpired;
  }

  /** On a leader: whether a learner may take up a session, as the answer to send. */
  revalidate(data: Buffer, owner: number): PlainPacket {
    const reader = new JuteReader(data);
    const sessionId = reader.readLong();
    const isValid = this.#move(sessionId, reader.readInt(), owner);
    const answer = new JuteWriter(16);
    answer.writeLong(sessionId);
    answer.writeBool(isValid);
    return { type: PacketType.revalidate, zxid: -1n, data: answer.take() };
  }

  /**
   * A session was taken up at another server. What this one owes the former connection cannot be
   * told from answers to the new one; without debts it goes on until it writes, as at ZooKeeper's
   * servers: its client may be alive, and would only take the session back.
   */
  movedAway(sessionId: bigint): void {
    const connection = this.#serving.get(sessionId);
    if (connection === undefined) return;
    connection.isMovedAway = true;
    if (connection.pendingCount > 0) connection.destroy();
  }

  /** On a learner: the leader's answer. */
  revalidated(data: Buffer): void {
    const reader = new JuteReader(data);
    const sessionId = reader.readLong();
    const connection = this.#revalidating.get(sessionId);
    this.#revalidating.delete(sessionId);
    if (connection !== undefined) this.#finishReopen(connection, reader.readBool());
  }

  #reopen(connection: ClientConnection, { sessionId, password }: ConnectRequest): void {
    if (password?.equals(sessionPassword(sessionId)) !== true) {
      this.#options.complaints.warn("Refusing session: wrong password", {
        session: formatHex(sessionId),
        remote: connection.remoteAddress,
      });
      connection.welcome(0n, 0);
      return;
    }
    connection.sessionId = sessionId;
    if (this.#local.touch(sessionId, connection.timeoutMs)) {
      this.#finishReopen(connection, true);
      return;
    }
    if (this.#isReadOnly) {
      // It may be a good session elsewhere: no word of it, so that the client asks the others.
      connection.destroy();
      return;
    }
    if (this.#leading !== undefined) {
      const isValid = this.#move(sessionId, connection.timeoutMs, here);
      this.#finishReopen(connection, isValid);
      return;
    }
    this.#revalidating.set(sessionId, connection);
    this.#host.askLeader(sessionId, connection.timeoutMs);
  }

  /**
   * On a leader: has a session served by `owner` from now on, if there is such a session. Whoever
   * serves a former connection is told: it must write no more when all this is forgotten.
   */
  #move(sessionId: bigint, timeoutMs: number, owner: SessionOwner): boolean {
    const before = this.#leading?.ownerOf(sessionId);
    if (this.#leading?.reopen(sessionId, timeoutMs, owner) !== true) return false;
    if (owner !== here) this.movedAway(sessionId);
    if (before !== owner) this.#host.sessionMoved(sessionId, owner, before);
    return true;
  }

  #finishReopen(connection: ClientConnection, isValid: boolean): void {
    const { sessionId } = connection;
    if (!isValid) {
      connection.welcome(0n, 0);
      return;
    }
    // The leader sends its consent behind all that it proposed for the session before.
    connection.answersAfterZxid = this.#host.newestZxid();
    const earlier = this.#serving.get(sessionId);
    if (this.#local.has(sessionId)) {
      this.#serveLocal(connection);
    } else {
      this.#serving.set(sessionId, connection);
      connection.welcome(sessionId, connection.timeoutMs);
    }
    if (earlier !== connection) earlier?.destroy();
  }

  #serveLocal(connection: ClientConnection): void {
    const { sessionId, timeoutMs } = connection;
    this.#serving.set(sessionId, connection);
    connection.isLocal = true;
    connection.isReadOnly = this.#isReadOnly;
    connection.welcome(sessionId, timeoutMs);
  }

  #submitCreation({ sessionId, timeoutMs }: ClientConnection): void {
    const body = new JuteWriter(8);
    body.writeInt(timeoutMs);
    this.#host.submitSession(sessionId, OpCode.createSession, body.take());
  }

  /** Sessions that the leader does not know are local to the server that issued their ids. */
  #mayBeLocal(id: bigint, owner: SessionOwner): boolean {
    if (!this.#options.localSessionsEnabled || this.#leading?.has(id) === true) return false;
    return owner === here ? this.#local.has(id) : !isIssuedBy(id, this.#options.sid);
  }
}

/** Empties the list. */
function takeTouched(list: ClientConnection[]): ClientConnection[] {
  const touched = list.splice(0);
  for (const connection of touched) connection.isTouched = false;
  return touched;
}
