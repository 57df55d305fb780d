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
import { SessionService, here } from "./session-service.ts";
import type { PlainPacket } from "./session-service.ts";
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

export class RequestProcessor implements ReplicaListener, ConnectionGate {
  readonly statistics = new ConnectionStatistics();
  readonly treeListener: TreeListener;
  readonly #options: RequestProcessorOptions;
  readonly #sessions: SessionService;
  readonly #connections = new Set<ClientConnection>();
  /** Syncs sent to the leader, in order; its answers come in the same order. */
  #syncs: PendingSync[] = [];
  #dirty: ClientConnection[] = [];
  #watches = new WatchTable();
  #reads: ReadService | undefined;
  #replicaRef: Replica | undefined;

  constructor(options: RequestProcessorOptions) {
    this.#options = options;
    const { sid, config, clock, logger } = options;
    this.#sessions = new SessionService(
      {
        sid,
        tickTimeMs: config.tickTimeMs,
        minTimeoutMs: config.minSessionTimeoutMs,
        maxTimeoutMs: config.maxSessionTimeoutMs,
        clock,
        logger,
      },
      {
        newestZxid: () => this.#replica.peer.newestZxid,
        submitSession: (sessionId, type, body) => {
          this.#route({ sessionId, cxid: 0, type, body, authInfo: [] });
        },
        sendToLeader: (packet) => {
          this.#sendToLeader(packet);
        },
      },
    );
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
    const { logger } = this.#options;
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
    this.#sessions.connect(connection, request);
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
    this.#sessions.touch(connection);
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
    this.#sessions.disconnected(connection);
  }

  // The replicated state

  applied({ header, txn }: DecodedTxn, result: TxnResult): void {
    const { clientId } = header;
    if (txn.type === OpCode.createSession) {
      this.#sessions.created(clientId);
      return;
    }
    this.#sessions.connectionOf(clientId)?.applied(header, result);
    if (txn.type === OpCode.closeSession) this.#sessions.ended(clientId);
  }

  synced(token: unknown): void {
    const sync = token === undefined ? this.#syncs.shift() : (token as PendingSync);
    sync?.connection.synced(sync.path);
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
        this.#sendToLeader({
          type: PacketType.ping,
          zxid: event.zxid,
          data: this.#sessions.report(),
        });
        break;
      case "touched":
        this.#sessions.leading?.touchAll(event.data);
        break;
      case "learner-lost":
        this.#options.logger.info("Learner is gone", { learner: event.sid });
        break;
    }
  }

  flush(): void {
    this.#sessions.keep();
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

  /** Takes a request of a client here to whoever leads. */
  #route(submission: Submission): void {
    if (this.#sessions.leading !== undefined) this.#lead(submission, here);
    else this.#forward(submission);
  }

  #forward({ sessionId, cxid, type, body, authInfo }: Submission): void {
    const data = new JuteWriter(16 + body.length);
    writeForwardedRequest(data, { sessionId, cxid, type, body });
    this.#sendToLeader({ type: PacketType.request, zxid: -1n, data: data.take() }, authInfo);
  }

  #sendToLeader(packet: PlainPacket, authInfo: readonly Id[] | null = null): void {
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
    const sessions = this.#sessions.leading;
    if (leader === undefined || sessions === undefined) return;
    const timeMs = this.#options.clock.wallMs();
    const request = { sessionId, cxid, type, body, authInfo, zxid: leader.nextZxid, timeMs };
    const err = sessions.admit(sessionId, type, owner, body);
    const { preparer } = this.#replica;
    this.#replica.propose(
      err === ErrorCode.ok ? preparer.prepare(request) : preparer.refuse(request, err),
    );
  }

  #receivePacket(link: LinkId, packet: QuorumPacket): void {
    try {
      if (this.#sessions.leading === undefined) this.#receiveAsLearner(packet);
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
    if (packet.type === PacketType.revalidate) {
      const answer = this.#sessions.revalidate(packet.data, link);
      this.#replica.links.send([link], { ...answer, authInfo: null });
      return;
    }
    const request = readForwardedRequest(new JuteReader(packet.data));
    if (request.type === OpCode.sync) {
      this.#replica.peer.leader?.syncLearner(link);
    } else if (isWriteOp(request.type) || isSessionOp(request.type)) {
      this.#lead({ ...request, authInfo: packet.authInfo ?? [] }, link);
    }
  }

  #receiveAsLearner(packet: QuorumPacket): void {
    if (packet.type === PacketType.revalidate && packet.data !== null) {
      this.#sessions.revalidated(packet.data);
    }
  }

  #changeRole(event: Extract<PeerEvent, { kind: "role" }>): void {
    const { role, serving, epoch, leader } = event;
    this.#options.logger.info("Role changed", { role, serving, epoch, leader });
    if (!serving) this.#dropClients();
    else if (role === "leading") this.#sessions.lead(this.#replica.tree.globalSessions);
  }

  #dropClients(): void {
    for (const connection of this.#connections) {
      if (connection.hasSaidHello) connection.destroy();
    }
    this.#sessions.reset();
    this.#syncs = [];
  }
}

function isSessionOp(type: number): boolean {
  return type === OpCode.createSession || type === OpCode.closeSession;
}
