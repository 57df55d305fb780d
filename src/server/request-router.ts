/**
 * Takes requests to whoever decides on them: on a serving leader they become transactions and are
 * proposed, on a learner they are forwarded over the quorum link with the client's identities
 * (ZooKeeper 3.9 `Leader`, `Learner` and `LearnerHandler` requests). Replies do not come this way:
 * they follow from the transactions that are applied.
 */
import type { Clock } from "../base/index.ts";
import type { Logger } from "../observe/index.ts";
import { isWriteOp } from "../tree/index.ts";
import {
  ErrorCode,
  JuteReader,
  JuteWriter,
  OpCode,
  PacketType,
  WireError,
  readForwardedRequest,
  writeForwardedRequest,
} from "../wire/index.ts";
import type { SessionOwner } from "../tree/index.ts";
import type { Id, QuorumPacket } from "../wire/index.ts";
import type { LinkId, PeerEvent } from "../zab/index.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { ServerMetrics } from "./metrics/index.ts";
import { ObserverRelay } from "./observer-relay.ts";
import type { Replica } from "./replica.ts";
import { here } from "./session-service.ts";
import type { PlainPacket, SessionService } from "./session-service.ts";

export interface RequestRouterOptions {
  readonly replica: Replica;
  readonly sessions: SessionService;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ServerMetrics;
}

/** A request on its way into the log. */
export interface Submission {
  readonly sessionId: bigint;
  readonly cxid: number;
  readonly type: number;
  readonly body: Buffer;
  readonly authInfo: readonly Id[];
}

/** A client's sync that waits for the leader. */
interface PendingSync {
  readonly connection: ClientConnection;
  readonly path: string;
}

export class RequestRouter {
  /** For observers that learn from this server. */
  readonly relay: ObserverRelay;
  readonly #options: RequestRouterOptions;

  constructor(options: RequestRouterOptions) {
    this.#options = options;
    const { replica, sessions } = options;
    this.relay = new ObserverRelay({
      replica,
      sessions,
      toLeader: (packet) => {
        this.sendToLeader(packet, packet.authInfo);
      },
    });
  }

  /** Takes a request of a client here to whoever leads. */
  route(submission: Submission): void {
    if (this.#options.sessions.leading !== undefined) this.#lead(submission, here);
    else this.#forward(submission);
  }

  /** Has a sync answered behind everything that was proposed before it. */
  sync(connection: ClientConnection, path: string): void {
    const { replica } = this.#options;
    const { leader } = replica.peer;
    const sync: PendingSync = { connection, path };
    if (leader !== undefined) {
      leader.sync(sync);
      replica.schedule();
      return;
    }
    if (this.#leaderLink === undefined) return;
    replica.peer.syncSent({ token: sync });
    const body = new JuteWriter(64);
    body.writeString(path);
    this.#forward({
      sessionId: connection.sessionId,
      cxid: 0,
      type: OpCode.sync,
      body: body.take(),
      authInfo: connection.authInfo,
    });
  }

  /** A sync is to be answered, by what it was given as. */
  synced(token: unknown): void {
    const { connection, path } = token as PendingSync;
    connection.synced(path);
  }

  sendToLeader(packet: PlainPacket, authInfo: readonly Id[] | null = null): void {
    const { replica } = this.#options;
    const link = this.#leaderLink;
    // Without a leader all clients are being dropped, and will ask again elsewhere.
    if (link === undefined) return;
    replica.links.send([link], { ...packet, authInfo });
    replica.schedule();
  }

  /** Tells the server that a session is no more at, or all but its owner if that is not known. */
  sessionMoved(sessionId: bigint, owner: SessionOwner, before: SessionOwner | undefined): void {
    const { leader } = this.#options.replica.peer;
    const links: LinkId[] = [];
    for (const { link, stage, knowsHandOver } of leader?.learners() ?? []) {
      const isConcerned = before === undefined ? link !== owner : link === before;
      if (isConcerned && knowsHandOver && stage === "synced") links.push(link);
    }
    this.#tellMoved(links, sessionId);
  }

  /** To be told of all events of the core. */
  event(event: PeerEvent): void {
    const { sessions } = this.#options;
    if (event.kind === "packet") this.#receivePacket(event.link, event.packet);
    else if (event.kind === "revalidated") this.#revalidated(event.packet);
    else if (event.kind === "touched") sessions.touchedElsewhere(event.data);
    else if (event.kind === "session-moved") {
      if (!this.relay.movedAway(event.sessionId)) sessions.movedAway(event.sessionId);
    } else if (event.kind === "ping") {
      const data = sessions.report();
      this.sendToLeader({ type: PacketType.ping, zxid: event.zxid, data });
    } else if (event.kind === "keeper-synced") this.#tellWhatLeft(event);
    else if (event.kind === "role" && !event.serving) this.relay.reset();
  }

  /** Asks the leader whether a session may be taken up here. */
  revalidate(sessionId: bigint, timeoutMs: number): void {
    if (this.#leaderLink === undefined) return;
    this.relay.asked(sessionId, here);
    const data = new JuteWriter(16);
    data.writeLong(sessionId);
    data.writeInt(timeoutMs);
    this.sendToLeader({ type: PacketType.revalidate, zxid: -1n, data: data.take() });
  }

  /** The leader's answer to a revalidation. */
  #revalidated(packet: QuorumPacket): void {
    const { data } = packet;
    const link = this.#leaderLink;
    if (data === null || link === undefined) return;
    try {
      if (!this.relay.answered(packet, data)) this.#options.sessions.revalidated(data);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#closeLink(link, error);
    }
  }

  /** A packet of a learner: requests and revalidations. */
  #receivePacket(link: LinkId, packet: QuorumPacket): void {
    try {
      if (this.#options.sessions.leading === undefined) this.relay.receive(link, packet);
      else this.#receiveAsLeader(link, packet);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#closeLink(link, error);
    }
  }

  /** The link to the leader, on a learner in service. */
  get #leaderLink(): LinkId | undefined {
    const { replica } = this.#options;
    return replica.isServing ? replica.peer.leaderLink : undefined;
  }

  /**
   * Tells a learner that may have kept clients through the last hand-over which of their sessions
   * were taken up at other servers before it came.
   */
  #tellWhatLeft({ link, fromEpoch }: Extract<PeerEvent, { kind: "keeper-synced" }>): void {
    const { replica, sessions } = this.#options;
    const { leading } = sessions;
    const { leader } = replica.peer;
    if (leading === undefined || leader === undefined || fromEpoch !== leader.epoch - 1) return;
    for (const sessionId of leading.ownedElsewhere(link)) this.#tellMoved([link], sessionId);
  }

  #tellMoved(links: readonly LinkId[], sessionId: bigint): void {
    if (links.length === 0) return;
    const { replica } = this.#options;
    const data = new JuteWriter(8);
    data.writeLong(sessionId);
    const type = PacketType.sessionMoved;
    replica.links.send(links, { type, zxid: -1n, data: data.take(), authInfo: null });
    replica.schedule();
  }

  #forward({ sessionId, cxid, type, body, authInfo }: Submission): void {
    const data = new JuteWriter(16 + body.length);
    writeForwardedRequest(data, { sessionId, cxid, type, body });
    this.sendToLeader({ type: PacketType.request, zxid: -1n, data: data.take() }, authInfo);
  }

  /** Makes a transaction of a request and proposes it. */
  #lead({ sessionId, cxid, type, body, authInfo }: Submission, owner: number): void {
    const { replica, clock, metrics } = this.#options;
    const { leader } = replica.peer;
    const { sessions } = this.#options;
    if (leader === undefined || sessions.leading === undefined) return;
    const request = {
      sessionId,
      cxid,
      type,
      body,
      authInfo,
      zxid: leader.nextZxid,
      timeMs: clock.wallMs(),
      ephemeralErr: sessions.ephemeralProblem(sessionId, owner),
    };
    const err = sessions.admit(sessionId, type, owner, body);
    const { preparer } = replica;
    const startMs = clock.monotonicMs();
    const prepared =
      err === ErrorCode.ok ? preparer.prepare(request) : preparer.refuse(request, err);
    metrics.prepareMs.add(clock.monotonicMs() - startMs);
    replica.propose(prepared);
  }

  #receiveAsLeader(link: LinkId, packet: QuorumPacket): void {
    if (packet.data === null) return;
    const { replica, sessions, metrics } = this.#options;
    if (packet.type === PacketType.revalidate) {
      metrics.revalidations += 1;
      const answer = sessions.revalidate(packet.data, link);
      replica.links.send([link], { ...answer, authInfo: null });
      return;
    }
    const request = readForwardedRequest(new JuteReader(packet.data));
    if (request.type === OpCode.sync) {
      replica.peer.leader?.syncLearner(link);
    } else if (isWriteOp(request.type, true) || isSessionOp(request.type)) {
      this.#lead({ ...request, authInfo: packet.authInfo ?? [] }, link);
    }
  }

  #closeLink(link: LinkId, { message: reason }: WireError): void {
    const { replica, logger } = this.#options;
    logger.warn("Closing quorum link after a bad packet", { link, reason });
    replica.links.close(link);
  }
}

function isSessionOp(type: number): boolean {
  return type === OpCode.createSession || type === OpCode.closeSession;
}
