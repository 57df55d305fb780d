/**
 * Which connection here serves which session: opening new sessions, taking up old ones with the
 * leader's consent, reporting signs of life, and, on a leader, admitting requests and ending
 * sessions whose time is up (ZooKeeper 3.9 `SessionTrackerImpl`, `LearnerSessionTracker`). It
 * submits createSession and closeSession through its host and is told when they are applied.
 */
import type { Clock } from "../base/index.ts";
import type { Logger } from "../observe/index.ts";
import {
  JuteReader,
  JuteWriter,
  OpCode,
  PacketType,
  formatHex,
  sessionPassword,
} from "../wire/index.ts";
import type { ConnectRequest, QuorumPacket } from "../wire/index.ts";
import type { ClientConnection } from "./client-connection.ts";
import { LeaderSessions } from "./leader-sessions.ts";
import type { ServerMetrics } from "./metrics/index.ts";
import { SessionIds } from "./session-ids.ts";

/** A packet without identities. */
export type PlainPacket = Pick<QuorumPacket, "type" | "zxid" | "data">;

/** What the service asks of the request processor. */
export interface SessionHost {
  /** Newest transaction that this server has heard of, decided or not. */
  newestZxid(): bigint;
  /** Has a createSession or closeSession request made into a transaction. */
  submitSession(sessionId: bigint, type: number, body: Buffer): void;
  sendToLeader(packet: PlainPacket): void;
}

export interface SessionServiceOptions {
  readonly sid: bigint;
  readonly tickTimeMs: number;
  readonly minTimeoutMs: number;
  readonly maxTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ServerMetrics;
}

/** Owner of sessions whose clients are connected to this server. */
export const here = 0;

const noBody = Buffer.alloc(0);

export class SessionService {
  readonly #options: SessionServiceOptions;
  readonly #host: SessionHost;
  readonly #ids: SessionIds;
  /** Connections that serve a session, by its id. */
  readonly #serving = new Map<bigint, ClientConnection>();
  /** Connections that wait for their new session. */
  readonly #opening = new Map<bigint, ClientConnection>();
  /** Connections that wait for the leader's word on their session. */
  readonly #revalidating = new Map<bigint, ClientConnection>();
  #touched: ClientConnection[] = [];
  /** Set while this server leads and serves. */
  #leading: LeaderSessions | undefined;

  constructor(options: SessionServiceOptions, host: SessionHost) {
    this.#options = options;
    this.#host = host;
    this.#ids = new SessionIds(options.sid, options.clock.wallMs());
  }

  /** The leader's view, while this server leads. */
  get leading(): LeaderSessions | undefined {
    return this.#leading;
  }

  connectionOf(sessionId: bigint): ClientConnection | undefined {
    return this.#serving.get(sessionId);
  }

  /** Gives each session a full timeout, as a new leader does. */
  lead(sessions: ReadonlyMap<bigint, number>): void {
    this.#leading = new LeaderSessions(this.#options.tickTimeMs, this.#options.clock);
    this.#leading.trackAll(sessions);
  }

  /** Forgets all connections, and leadership. */
  reset(): void {
    this.#leading = undefined;
    this.#serving.clear();
    this.#opening.clear();
    this.#revalidating.clear();
    this.#touched = [];
  }

  /** A client asks for a new session or for its old one. */
  connect(connection: ClientConnection, request: ConnectRequest): void {
    const { minTimeoutMs, maxTimeoutMs } = this.#options;
    const timeoutMs = Math.min(Math.max(request.timeoutMs, minTimeoutMs), maxTimeoutMs);
    connection.timeoutMs = timeoutMs;
    if (request.sessionId !== 0n) {
      this.#reopen(connection, request);
      return;
    }
    connection.sessionId = this.#ids.next();
    this.#opening.set(connection.sessionId, connection);
    const body = new JuteWriter(8);
    body.writeInt(timeoutMs);
    this.#host.submitSession(connection.sessionId, OpCode.createSession, body.take());
  }

  /** A createSession transaction was applied. */
  created(sessionId: bigint): void {
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
    this.#touched.push(connection);
  }

  /** On a learner: the report for the leader's PING, sessions and timeouts. */
  report(): Buffer {
    const data = new JuteWriter(12 * this.#touched.length + 16);
    for (const connection of this.#takeTouched()) {
      data.writeLong(connection.sessionId);
      data.writeInt(connection.timeoutMs);
    }
    return data.take();
  }

  /** Call at each turn; on a leader it keeps sessions alive and ends those that are due. */
  keep(): void {
    const leading = this.#leading;
    if (leading?.isDue() !== true) return;
    for (const { sessionId } of this.#takeTouched()) leading.touch(sessionId);
    for (const sessionId of leading.expire()) {
      this.#options.metrics.sessionsExpired += 1;
      this.#options.logger.info("Session expired", { session: formatHex(sessionId) });
      this.#host.submitSession(sessionId, OpCode.closeSession, noBody);
    }
  }

  /** On a leader: whether a learner may take up a session, as the answer to send. */
  revalidate(data: Buffer, owner: number): PlainPacket {
    const reader = new JuteReader(data);
    const sessionId = reader.readLong();
    const isValid = this.#leading?.reopen(sessionId, reader.readInt(), owner) ?? false;
    const answer = new JuteWriter(16);
    answer.writeLong(sessionId);
    answer.writeBool(isValid);
    return { type: PacketType.revalidate, zxid: -1n, data: answer.take() };
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
      this.#options.logger.warn("Refusing session: wrong password", {
        session: formatHex(sessionId),
        remote: connection.remoteAddress,
      });
      connection.welcome(0n, 0);
      return;
    }
    connection.sessionId = sessionId;
    if (this.#leading !== undefined) {
      const isValid = this.#leading.reopen(sessionId, connection.timeoutMs, here);
      this.#finishReopen(connection, isValid);
      return;
    }
    this.#revalidating.set(sessionId, connection);
    const data = new JuteWriter(16);
    data.writeLong(sessionId);
    data.writeInt(connection.timeoutMs);
    this.#host.sendToLeader({ type: PacketType.revalidate, zxid: -1n, data: data.take() });
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
    this.#serving.set(sessionId, connection);
    if (earlier !== connection) earlier?.destroy();
    connection.welcome(sessionId, connection.timeoutMs);
  }

  #takeTouched(): ClientConnection[] {
    const touched = this.#touched;
    this.#touched = [];
    for (const connection of touched) connection.isTouched = false;
    return touched;
  }
}
