/**
 * Where clients, sessions and the replicated state meet: requests of clients become transactions
 * (here when this server leads, at the leader otherwise), applied transactions become replies,
 * and sessions are opened, kept alive, moved and expired (ZooKeeper 3.9 request processors,
 * without threads). It decides nothing that the tree or the core could decide.
 */
import { assertDefined } from "../base/index.ts";
import type { Clock } from "../base/index.ts";
import type { Logger } from "../observe/index.ts";
import { ReadService, WatchTable, isAllowed } from "../tree/index.ts";
import type { TreeListener, TxnResult } from "../tree/index.ts";
import { OpCode, Perms, formatHex } from "../wire/index.ts";
import type { Acl, ConnectRequest, DecodedTxn, Id, WireError } from "../wire/index.ts";
import type { PeerEvent } from "../zab/index.ts";
import type { AuditTrail } from "./audit/index.ts";
import { createsEphemeral } from "./ephemeral-request.ts";
import { ClientAuthenticator } from "./auth/index.ts";
import { ClientAdmission } from "./client-admission.ts";
import type { ClientConnection, ClientGate } from "./client-connection.ts";
import { ClientHold } from "./client-hold.ts";
import type { ClientRequest, LongReply } from "./connection-gate.ts";
import type { ServerConfig } from "./config/index.ts";
import type { LeaderSessions } from "./leader-sessions.ts";
import { Leadership } from "./leadership.ts";
import { RequestLimits } from "./limits/index.ts";
import type { WordOutcome } from "./framed-socket.ts";
import type { RateLimitedLog } from "./limits/index.ts";
import type { ServerMetrics } from "./metrics/index.ts";
import type { ReplicaListener } from "./replica-options.ts";
import type { Replica } from "./replica.ts";
import { ReadOnlyMode } from "./read-only-mode.ts";
import { RequestRouter } from "./request-router.ts";
import { SessionService } from "./session-service.ts";
import { ConnectionStatistics } from "./statistics.ts";

export interface RequestProcessorOptions {
  readonly config: ServerConfig;
  readonly sid: bigint;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Warnings that clients can cause at will. */
  readonly complaints: RateLimitedLog;
  readonly metrics: ServerMetrics;
  /** Where changes are recorded; undefined when they are not. */
  readonly audit: AuditTrail | undefined;
  fourLetterWord(connection: ClientConnection, word: string, rest: Buffer): WordOutcome;
  failed(error: unknown): void;
}

/** What exists once there is a replica. */
interface AttachedParts {
  readonly replica: Replica;
  readonly router: RequestRouter;
  readonly leadership: Leadership;
}

export class RequestProcessor implements ReplicaListener, ClientGate {
  readonly statistics = new ConnectionStatistics();
  readonly limits: RequestLimits;
  readonly #admission: ClientAdmission;
  readonly metrics: ServerMetrics;
  readonly authenticator: ClientAuthenticator;
  readonly treeListener: TreeListener;
  readonly #options: RequestProcessorOptions;
  readonly #sessions: SessionService;
  readonly #connections = new Set<ClientConnection>();
  readonly #hold = new ClientHold(this.#connections);
  readonly #readOnly: ReadOnlyMode;
  #dirty: ClientConnection[] = [];
  #watches = new WatchTable();
  #reads: ReadService | undefined;
  #attached: AttachedParts | undefined;

  constructor(options: RequestProcessorOptions) {
    this.#options = options;
    const { sid, config, clock, logger, metrics } = options;
    this.metrics = metrics;
    this.limits = new RequestLimits(config.requestLimits, config.live);
    this.#admission = new ClientAdmission(options, this.statistics);
    this.#readOnly = new ReadOnlyMode(config, clock.monotonicMs());
    this.authenticator = new ClientAuthenticator(config.auth, logger);
    this.#sessions = new SessionService(
      {
        sid,
        tickTimeMs: config.tickTimeMs,
        timeouts: config.live,
        localSessionsEnabled: config.localSessionsEnabled,
        clock,
        logger,
        complaints: options.complaints,
        metrics,
      },
      {
        newestZxid: () => this.#replica.peer.newestZxid,
        isGlobal: (sessionId) => this.#replica.tree.globalSessions.has(sessionId),
        submitSession: (sessionId, type, body) => {
          this.#router.route({ sessionId, cxid: 0, type, body, authInfo: [] });
        },
        askLeader: (sessionId, timeoutMs) => {
          this.#router.revalidate(sessionId, timeoutMs);
        },
        sessionMoved: (sessionId, owner, before) => {
          this.#router.sessionMoved(sessionId, owner, before);
        },
      },
    );
    this.treeListener = {
      changed: (type, path, zxid, acl): void => {
        const before = metrics.watchEvents;
        this.#watches.trigger(type, path, zxid, acl);
        const fired = metrics.watchEvents - before;
        if (fired > 0) metrics.watchesFired.get(type)?.add(fired);
      },
    };
  }

  /** To be called once, before anything else. */
  attach(replica: Replica): void {
    const { clock, logger, metrics } = this.#options;
    const sessions = this.#sessions;
    const router = new RequestRouter({ replica, sessions, clock, logger, metrics });
    const leadership = new Leadership({ replica, router, hold: this.#hold, clock, logger });
    this.#attached = { replica, router, leadership };
    this.treeReplaced();
  }

  get reads(): ReadService {
    if (this.#reads === undefined) throw new Error("The processor has no replica yet");
    return this.#reads;
  }

  get lastZxid(): bigint {
    return this.#replica.tree.lastProcessedZxid;
  }

  /** Whether clients are served without a quorum, who may only read. */
  get isReadOnly(): boolean {
    return this.#readOnly.isOn;
  }

  get connections(): ReadonlySet<ClientConnection> {
    return this.#connections;
  }

  /** The clockwork of sessions, on a leader. */
  get leading(): LeaderSessions | undefined {
    return this.#sessions.leading;
  }

  /** Handing the leadership over. */
  get leadership(): Leadership {
    return this.#parts.leadership;
  }

  get localSessionCount(): number {
    return this.#sessions.localCount;
  }

  get watches(): WatchTable {
    return this.#watches;
  }

  get clickHouse(): boolean {
    return this.#options.config.clickHouse;
  }

  nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  // Clients

  add(connection: ClientConnection): void {
    this.#connections.add(connection);
    this.#hold.added(connection);
  }

  connect(connection: ClientConnection, request: ConnectRequest): void {
    const { isReadOnly, lastZxid } = this;
    const state = { isServing: this.#mayServe, isReadOnly, lastZxid };
    if (!this.#admission.admits(connection, request, state)) {
      connection.destroy();
      return;
    }
    connection.hasReadOnlyField = request.readOnly !== undefined;
    this.#sessions.connect(connection, request);
  }

  submit(connection: ClientConnection, request: ClientRequest): void {
    if (connection.isMovedAway) {
      connection.destroy();
      return;
    }
    this.#options.audit?.submitted(connection, request);
    const { localSessionsUpgradingEnabled } = this.#options.config;
    if (
      connection.isLocal &&
      localSessionsUpgradingEnabled &&
      createsEphemeral(request.type, request.body)
    ) {
      this.#sessions.upgrade(connection);
    }
    const { sessionId, authInfo } = connection;
    const { xid: cxid, type, body } = request;
    this.#router.route({ sessionId, cxid, type, body, authInfo });
  }

  endLocal(connection: ClientConnection): void {
    this.#sessions.endLocal(connection);
  }

  sync(connection: ClientConnection, path: string): void {
    this.#router.sync(connection, path);
  }

  mayRead(acl: readonly Acl[], authInfo: readonly Id[]): boolean {
    return this.#options.config.skipAcl || isAllowed(acl, Perms.read, authInfo);
  }

  touch(connection: ClientConnection): void {
    this.#sessions.touch(connection);
  }

  fourLetterWord(connection: ClientConnection, word: string, rest: Buffer): WordOutcome {
    return this.#options.fourLetterWord(connection, word, rest);
  }

  refused(connection: ClientConnection, error: WireError): void {
    this.#options.complaints.warn("Closing client connection: it sent what cannot be read", {
      remote: connection.remoteAddress,
      session: formatHex(connection.sessionId),
      reason: error.message,
    });
  }

  sentTooMuch(connection: ClientConnection, { type, path, bytes }: LongReply): void {
    this.statistics.longReplies += 1;
    this.#options.complaints.warn(
      "Reply is longer than jute.maxbuffer: the client may disconnect over it",
      {
        remote: connection.remoteAddress,
        session: formatHex(connection.sessionId),
        request: type,
        path,
        bytes,
        limit: this.#options.config.juteMaxBufferBytes,
      },
    );
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

  applied(decoded: DecodedTxn, result: TxnResult): void {
    const { header, txn } = decoded;
    const { clientId } = header;
    this.#options.audit?.applied(decoded, result);
    if (txn.type === OpCode.createSession) {
      this.#sessions.created(clientId);
      return;
    }
    this.#sessions.connectionOf(clientId)?.applied(header, result);
    if (txn.type !== OpCode.closeSession) return;
    this.#sessions.ended(clientId);
    this.#router.relay.ended(clientId);
  }

  synced(token: unknown): void {
    this.#router.synced(token);
  }

  event(event: PeerEvent): void {
    this.leadership.event(event);
    this.#router.event(event);
    if (event.kind === "role") this.#changeRole(event);
    else if (event.kind === "learner-lost") {
      this.#options.logger.info("Learner is gone", { learner: event.sid });
    }
  }

  flush(): void {
    const overdue = this.#hold.overdue(this.nowMs());
    if (overdue === "kept") this.#dropClients();
    else if (overdue === "held") this.#hold.release();
    if (this.#readOnly.isDue(this.#replica.peer, this.nowMs())) {
      this.#options.logger.warn("Serving reads without a quorum");
      this.#sessions.begin(true);
    }
    if (this.isReadOnly || this.#replica.isServing) this.#sessions.keep();
    if (!this.#hold.isKeeping) this.#flushDirty();
  }

  #flushDirty(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const connection of dirty) connection.flush();
  }

  treeReplaced(): void {
    this.#dropClients();
    this.#watches = new WatchTable();
    const { skipAcl, clickHouse } = this.#options.config;
    this.#reads = new ReadService(this.#replica.tree, this.#watches, { skipAcl, clickHouse });
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
    return this.#parts.replica;
  }

  get #router(): RequestRouter {
    return this.#parts.router;
  }

  get #parts(): AttachedParts {
    return assertDefined(this.#attached, "a processor is attached before it is used");
  }

  #changeRole(event: Extract<PeerEvent, { kind: "role" }>): void {
    const { role, serving, epoch, leader, isHandOver } = event;
    this.metrics.roles.changed(event, this.nowMs());
    this.#options.logger.info("Role changed", { role, serving, epoch, leader });
    if (!serving) {
      this.#readOnly.roleChanged(role, this.nowMs());
      if (isHandOver) this.#keepClients();
      else if (role === "looking" || !this.#hold.isKeeping) this.#dropClients();
      return;
    }
    if (this.#hold.isStaleAt(epoch)) this.#dropClients();
    this.#sessions.begin(false);
    if (role === "leading") this.#sessions.lead(this.#replica.tree.globalSessions);
    this.#sessions.resume();
    this.#hold.release();
  }

  /** The leader has handed over: whoever is owed no answer waits for the next one. */
  #keepClients(): void {
    this.#flushDirty();
    this.#hold.keep(this.nowMs(), this.#replica.peer.currentEpoch);
    this.#sessions.suspend();
    this.#options.audit?.reset();
  }

  #dropClients(): void {
    for (const connection of this.#connections) {
      if (connection.hasSaidHello) connection.destroy();
    }
    this.#hold.release();
    this.#sessions.reset();
    this.#options.audit?.reset();
  }
}
