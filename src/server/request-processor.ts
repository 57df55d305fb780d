/**
 * Where clients, sessions and the replicated state meet: requests of clients become transactions
 * (here when this server leads, at the leader otherwise), applied transactions become replies,
 * and sessions are opened, kept alive, moved and expired (ZooKeeper 3.9 request processors,
 * without threads). It decides nothing that the tree or the core could decide.
 */
import type { Clock } from "../base/index.ts";
import type { Logger } from "../observe/index.ts";
import { ReadService, WatchTable, isAllowed, isWriteOp } from "../tree/index.ts";
import type { TreeListener, TxnResult } from "../tree/index.ts";
import {
  ErrorCode,
  JuteReader,
  JuteWriter,
  OpCode,
  PacketType,
  Perms,
  WireError,
  formatHex,
  readForwardedRequest,
  sessionPassword,
  writeForwardedRequest,
} from "../wire/index.ts";
import type {
  Acl,
  AuthPacket,
  ConnectRequest,
  DecodedTxn,
  Id,
  QuorumPacket,
} from "../wire/index.ts";
import type { LinkId, PeerEvent } from "../zab/index.ts";
import { authenticate } from "./authenticate.ts";
import type { ClientConnection, ClientRequest, ConnectionGate } from "./client-connection.ts";
import type { ServerConfig } from "./config/index.ts";
import type { Replica, ReplicaListener } from "./replica.ts";
import { LeaderSessions } from "./leader-sessions.ts";
import { SessionIds } from "./session-ids.ts";
import { ConnectionStatistics } from "./statistics.ts";

export interface RequestProcessorOptions {
  readonly config: ServerConfig;
  readonly sid: bigint;
  readonly clock: Clock;
  readonly logger: Logger;
  fourLetterWord(connection: ClientConnection, word: string): boolean;
  failed(error: unknown): void;
}

/** A request on its way into the log. */
interface Submission {
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

/** Owner of sessions whose clients are connected to this server. */
const here = 0;
const noBody = Buffer.alloc(0);

export class RequestProcessor implements ReplicaListener, ConnectionGate {
  readonly statistics = new ConnectionStatistics();
  readonly treeListener: TreeListener;
  readonly #options: RequestProcessorOptions;
  readonly #sessionIds: SessionIds;
  /** Connections that serve a session, by its id. */
  readonly #sessions = new Map<bigint, ClientConnection>();
  /** Connections that wait for their new session. */
  readonly #opening = new Map<bigint, ClientConnection>();
  /** Connections that wait for the leader's word on their session. */
  readonly #revalidating = new Map<bigint, ClientConnection>();
  readonly #connections = new Set<ClientConnection>();
  /** Syncs sent to the leader, in order; its answers come in the same order. */
  #syncs: PendingSync[] = [];
  #touched: ClientConnection[] = [];
  #dirty: ClientConnection[] = [];
  #watches = new WatchTable();
  #reads: ReadService | undefined;
  #replicaRef: Replica | undefined;
  /** Set while this server leads and serves. */
  #leaderSessions: LeaderSessions | undefined;

  constructor(options: RequestProcessorOptions) {
    this.#options = options;
    this.#sessionIds = new SessionIds(options.sid, options.clock.wallMs());
    this.treeListener = {
      changed: (...change): void => {
        this.#watches.trigger(...change);
      },
    };
  }

  /** To be called once, before anything else. */
  attach(replica: Replica): void {
    this.#replicaRef = replica;
    this.treeReplaced();
  }

  get reads(): ReadService {
    if (this.#reads === undefined) throw new Error("The processor has no replica yet");
    return this.#reads;
  }

  get lastZxid(): bigint {
    return this.#replica.tree.lastProcessedZxid;
  }

  get connections(): ReadonlySet<ClientConnection> {
    return this.#connections;
  }

  get watches(): WatchTable {
    return this.#watches;
  }

  nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  // Clients

  add(connection: ClientConnection): void {
    this.#connections.add(connection);
  }

  connect(connection: ClientConnection, request: ConnectRequest): void {
    const { config, logger } = this.#options;
    if (!this.#mayServe || request.lastZxidSeen > this.lastZxid) {
      // The client has seen more than this server knows, or nothing can be served: it has to
      // look for another server, which a closed connection makes it do.
      logger.info("Refusing client", {
        remote: connection.remoteAddress,
        serving: this.#replica.isServing,
        lastZxidSeen: formatHex(request.lastZxidSeen),
      });
      connection.destroy();
      return;
    }
    connection.hasReadOnlyField = request.readOnly !== undefined;
    connection.timeoutMs = Math.min(
      Math.max(request.timeoutMs, config.minSessionTimeoutMs),
      config.maxSessionTimeoutMs,
    );
    if (request.sessionId === 0n) this.#openSession(connection);
    else this.#reopenSession(connection, request);
  }

  submit(connection: ClientConnection, request: ClientRequest): void {
    this.#route({
      sessionId: connection.sessionId,
      cxid: request.xid,
      type: request.type,
      body: request.body,
      authInfo: connection.authInfo,
    });
  }

  sync(connection: ClientConnection, path: string): void {
    const { leader } = this.#replica.peer;
    const sync = { connection, path };
    if (leader !== undefined) {
      leader.sync(sync);
      this.#replica.schedule();
      return;
    }
    this.#syncs.push(sync);
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

  authenticate(connection: ClientConnection, packet: AuthPacket): boolean {
    const ids = authenticate(packet, this.#options.config.superDigest);
    if (ids === null) return false;
    for (const id of ids) {
      const isKnown = connection.authInfo.some(
        (known) => known.scheme === id.scheme && known.id === id.id,
      );
      if (!isKnown) connection.authInfo = [...connection.authInfo, id];
    }
    return true;
  }

  mayRead(acl: readonly Acl[], authInfo: readonly Id[]): boolean {
    return this.#options.config.skipAcl || isAllowed(acl, Perms.read, authInfo);
  }

  touch(connection: ClientConnection): void {
    if (connection.isTouched) return;
    connection.isTouched = true;
    this.#touched.push(connection);
  }

  fourLetterWord(connection: ClientConnection, word: string): boolean {
    return this.#options.fourLetterWord(connection, word);
  }

  hasOutput(connection: ClientConnection): void {
    this.#dirty.push(connection);
    this.#replica.schedule();
  }

  closed(connection: ClientConnection): void {
    this.#connections.delete(connection);
    this.#watches.removeWatcher(connection);
    const { sessionId } = connection;
    for (const table of [this.#sessions, this.#opening, this.#revalidating]) {
      if (table.get(sessionId) === connection) table.delete(sessionId);
    }
  }

  // The replicated state

  applied({ header, txn }: DecodedTxn, result: TxnResult): void {
    const { clientId, cxid, zxid } = header;
    if (txn.type === OpCode.createSession) {
      const connection = this.#opening.get(clientId);
      if (connection !== undefined) {
        this.#opening.delete(clientId);
        this.#sessions.set(clientId, connection);
        connection.welcome(clientId, connection.timeoutMs);
      }
      return;
    }
    const connection = this.#sessions.get(clientId);
    connection?.applied(cxid, zxid, result);
    if (txn.type !== OpCode.closeSession) return;
    this.#leaderSessions?.remove(clientId);
    if (connection === undefined) return;
    this.#sessions.delete(clientId);
    // Closed by its own request, it has been told; expired, it is cut off.
    if (connection.isOpen) connection.destroy();
  }

  event(event: PeerEvent): void {
    switch (event.kind) {
      case "role":
        this.#changeRole(event);
        break;
      case "packet":
        this.#receivePacket(event.link, event.packet);
        break;
      case "ping":
        this.#answerPing(event.zxid);
        break;
      case "touched":
        this.#leaderSessions?.touchAll(event.data);
        break;
      case "synced":
        this.#answerSync(event.token);
        break;
      case "learner-lost":
        break;
    }
  }

  flush(): void {
    this.#keepSessions();
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const connection of dirty) connection.flush();
  }

  treeReplaced(): void {
    this.#dropClients();
    this.#watches = new WatchTable();
    const { skipAcl } = this.#options.config;
    this.#reads = new ReadService(this.#replica.tree, this.#watches, { skipAcl });
  }

  failed(error: unknown): void {
    this.#options.failed(error);
  }

  close(): void {
    this.#dropClients();
  }

  /** Whether clients are welcome at this server in its role. */
  get #mayServe(): boolean {
    const { replicated, leaderServes } = this.#options.config;
    const isBusyLeading = replicated && !leaderServes && this.#replica.peer.role === "leading";
    return this.#replica.isServing && !isBusyLeading;
  }

  get #replica(): Replica {
    if (this.#replicaRef === undefined) throw new Error("The processor has no replica yet");
    return this.#replicaRef;
  }

  #openSession(connection: ClientConnection): void {
    const sessionId = this.#sessionIds.next();
    connection.sessionId = sessionId;
    this.#opening.set(sessionId, connection);
    const body = new JuteWriter(8);
    body.writeInt(connection.timeoutMs);
    this.#route({
      sessionId,
      cxid: 0,
      type: OpCode.createSession,
      body: body.take(),
      authInfo: connection.authInfo,
    });
  }

  #reopenSession(connection: ClientConnection, request: ConnectRequest): void {
    const { sessionId, password } = request;
    if (password?.equals(sessionPassword(sessionId)) !== true) {
      this.#options.logger.warn("Refusing session: wrong password", {
        session: formatHex(sessionId),
        remote: connection.remoteAddress,
      });
      connection.welcome(0n, 0);
      return;
    }
    connection.sessionId = sessionId;
    if (this.#leaderSessions !== undefined) {
      const isValid = this.#leaderSessions.reopen(sessionId, connection.timeoutMs, here);
      this.#finishReopen(connection, isValid);
      return;
    }
    this.#revalidating.set(sessionId, connection);
    const data = new JuteWriter(16);
    data.writeLong(sessionId);
    data.writeInt(connection.timeoutMs);
    this.#sendToLeader({ type: PacketType.revalidate, zxid: -1n, data: data.take() });
  }

  #finishReopen(connection: ClientConnection, isValid: boolean): void {
    const { sessionId } = connection;
    if (!isValid) {
      connection.welcome(0n, 0);
      return;
    }
    const earlier = this.#sessions.get(sessionId);
    this.#sessions.set(sessionId, connection);
    if (earlier !== connection) earlier?.destroy();
    connection.welcome(sessionId, connection.timeoutMs);
  }

  /** Takes a request of a client here to whoever leads. */
  #route(submission: Submission): void {
    if (this.#leaderSessions !== undefined) this.#lead(submission, here);
    else this.#forward(submission);
  }

  #forward({ sessionId, cxid, type, body, authInfo }: Submission): void {
    const data = new JuteWriter(16 + body.length);
    writeForwardedRequest(data, { sessionId, cxid, type, body });
    this.#sendToLeader({ type: PacketType.request, zxid: -1n, data: data.take() }, authInfo);
  }

  #sendToLeader(
    packet: Pick<QuorumPacket, "type" | "zxid" | "data">,
    authInfo: readonly Id[] | null = null,
  ): void {
    const { peer, links } = this.#replica;
    const link = peer.leaderLink;
    // Without a leader all clients are being dropped, and will ask again elsewhere.
    if (link === undefined || !this.#replica.isServing) return;
    links.send([link], { ...packet, authInfo });
    this.#replica.schedule();
  }

  /** Makes a transaction of a request and proposes it. */
  #lead({ sessionId, cxid, type, body, authInfo }: Submission, owner: number): void {
    const { leader } = this.#replica.peer;
    const sessions = this.#leaderSessions;
    if (leader === undefined || sessions === undefined) return;
    const timeMs = this.#options.clock.wallMs();
    const zxid = leader.nextZxid;
    const err = sessions.admit(sessionId, type, owner, body);
    if (err !== ErrorCode.ok) {
      const header = { clientId: sessionId, cxid, zxid, timeMs, type: OpCode.error };
      this.#replica.propose({ header, txn: { type: OpCode.error, err }, digest: null });
      return;
    }
    const { preparer } = this.#replica;
    this.#replica.propose(
      preparer.prepare({ sessionId, cxid, type, body, authInfo, zxid, timeMs }),
    );
  }

  #receivePacket(link: LinkId, packet: QuorumPacket): void {
    try {
      if (this.#leaderSessions === undefined) this.#receiveAsLearner(packet);
      else this.#receiveAsLeader(link, packet);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#options.logger.warn("Closing quorum link after a bad packet", {
        link,
        reason: error.message,
      });
      this.#replica.links.close(link);
    }
  }

  #receiveAsLeader(link: LinkId, packet: QuorumPacket): void {
    if (packet.data === null) return;
    const reader = new JuteReader(packet.data);
    if (packet.type === PacketType.revalidate) {
      const sessionId = reader.readLong();
      const isValid = this.#leaderSessions?.reopen(sessionId, reader.readInt(), link) ?? false;
      const data = new JuteWriter(16);
      data.writeLong(sessionId);
      data.writeBool(isValid);
      const reply = { type: packet.type, zxid: -1n, data: data.take(), authInfo: null };
      this.#replica.links.send([link], reply);
      return;
    }
    const request = readForwardedRequest(reader);
    if (request.type === OpCode.sync) {
      this.#replica.peer.leader?.sync(link);
    } else if (isWriteOp(request.type) || isSessionOp(request.type)) {
      this.#lead({ ...request, authInfo: packet.authInfo ?? [] }, link);
    }
  }

  #receiveAsLearner(packet: QuorumPacket): void {
    if (packet.type === PacketType.sync) {
      const sync = this.#syncs.shift();
      sync?.connection.synced(sync.path);
    } else if (packet.type === PacketType.revalidate && packet.data !== null) {
      const reader = new JuteReader(packet.data);
      const sessionId = reader.readLong();
      const connection = this.#revalidating.get(sessionId);
      this.#revalidating.delete(sessionId);
      if (connection !== undefined) this.#finishReopen(connection, reader.readBool());
    }
  }

  /** A sync of a client here, or of a learner's client: the token says whose. */
  #answerSync(token: unknown): void {
    if (typeof token === "number") {
      const packet = { type: PacketType.sync, zxid: 0n, data: null, authInfo: null };
      this.#replica.links.send([token], packet);
    } else {
      const { connection, path } = token as PendingSync;
      connection.synced(path);
    }
  }

  #answerPing(zxid: bigint): void {
    const data = new JuteWriter(12 * this.#touched.length + 16);
    for (const connection of this.#takeTouched()) {
      data.writeLong(connection.sessionId);
      data.writeInt(connection.timeoutMs);
    }
    this.#sendToLeader({ type: PacketType.ping, zxid, data: data.take() });
  }

  #takeTouched(): ClientConnection[] {
    const touched = this.#touched;
    this.#touched = [];
    for (const connection of touched) connection.isTouched = false;
    return touched;
  }

  /** On a leader: keeps the sessions of its own clients alive and ends those that are due. */
  #keepSessions(): void {
    const sessions = this.#leaderSessions;
    if (sessions === undefined || !sessions.isDue()) return;
    for (const { sessionId } of this.#takeTouched()) sessions.touch(sessionId);
    for (const sessionId of sessions.expire()) {
      this.#options.logger.info("Session expired", { session: formatHex(sessionId) });
      const type = OpCode.closeSession;
      this.#lead({ sessionId, cxid: 0, type, body: noBody, authInfo: [] }, here);
    }
  }

  #changeRole(event: Extract<PeerEvent, { kind: "role" }>): void {
    const { logger, config } = this.#options;
    logger.info("Role changed", {
      role: event.role,
      serving: event.serving,
      epoch: event.epoch,
      leader: event.leader,
    });
    this.#leaderSessions = undefined;
    if (!event.serving) {
      this.#dropClients();
      return;
    }
    if (event.role !== "leading") return;
    this.#leaderSessions = new LeaderSessions(config.tickTimeMs, this.#options.clock);
    this.#leaderSessions.trackAll(this.#replica.tree.globalSessions);
  }

  #dropClients(): void {
    for (const connection of this.#connections) {
      if (connection.hasSaidHello) connection.destroy();
    }
    this.#sessions.clear();
    this.#opening.clear();
    this.#revalidating.clear();
    this.#syncs = [];
    this.#touched = [];
  }
}

function isSessionOp(type: number): boolean {
  return type === OpCode.createSession || type === OpCode.closeSession;
}
