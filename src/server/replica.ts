/**
 * One server's copy of the replicated state: the tree, the replication core, and the disk and
 * networks that serve the core. It is the driver of `zab/`'s `Ready` and decides nothing that
 * the core or the tree could decide. Clients and sessions are the business of its listener.
 *
 * All inputs of an event-loop turn are gathered; the turn's end carries out what the core asks,
 * so that a busy server writes once for each peer and logs once for many transactions.
 */
import { assert } from "../base/index.ts";
import { configPath } from "../tree/index.ts";
import type { DataTree, PreparedTxn, Preparer } from "../tree/index.ts";
import { PacketType } from "../wire/index.ts";
import type { Notification, QuorumPacket } from "../wire/index.ts";
import { isEmptyReady } from "../zab/index.ts";
import type { Dial, HistoryEntry, LinkId, Peer, PeerEvent, Ready, Send } from "../zab/index.ts";
import type { DigestHistory } from "./digest-history.ts";
import { DiskQueue } from "./disk-queue.ts";
import type { StateEnd } from "./disk-queue.ts";
import type { DiskCondition } from "./disk-space.ts";
import type { ElectionNetwork } from "./election-network.ts";
import { LearnerPorts } from "./learner-ports.ts";
import { LogSync } from "./log-sync.ts";
import { snapshotPieces } from "./packet-stream.ts";
import type { SnapshotTaker } from "./packet-stream.ts";
import { QuorumLinks } from "./quorum-links.ts";
import type { ReplicaListener, ReplicaOptions } from "./replica-options.ts";
import { readState } from "./reconfig/index.ts";
import { ReplicatedTree } from "./replicated-tree.ts";
import { SnapshotWriter } from "./snapshot-writer.ts";
import { StateReplacement } from "./state-replacement.ts";
import { showConfig } from "./load-state.ts";

/** Work of the core is done at this pace when nothing else happens, in ms. */
const tickEveryMs = 20;

/** Transactions that wait for a learner's own disk before it takes no more, in bytes. */
const unsyncedBytesMax = 32 * 1024 * 1024;

export class Replica {
  readonly peer: Peer;
  readonly links: QuorumLinks;
  readonly #options: ReplicaOptions;
  readonly #disk: DiskQueue;
  readonly #snapshots: SnapshotWriter;
  readonly #listener: ReplicaListener;
  readonly #state: ReplicatedTree;
  readonly #replacement: StateReplacement;
  readonly #logSync: LogSync;
  readonly #ports: LearnerPorts;
  #election: ElectionNetwork | undefined;
  #isTurnDue = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ReplicaOptions, listener: ReplicaListener) {
    this.#options = options;
    this.#listener = listener;
    this.peer = options.peer;
    this.#state = new ReplicatedTree(options);
    this.#disk = new DiskQueue(options.storage, options.logger, {
      persisted: (seq) => {
        this.schedule();
        this.peer.persisted(seq);
      },
      replace: (op) => this.#replaceState(op),
      replaced: (seq, { lastZxid, configText }) => {
        this.schedule();
        this.peer.replaced(seq, lastZxid, configText);
      },
      failed: (error) => {
        this.#fail(error);
      },
    });
    this.#snapshots = new SnapshotWriter({
      storage: options.storage,
      logger: options.logger,
      every: options.snapshotEvery,
      purges: options.purges,
      rollLog: () => {
        this.#disk.rollLog();
      },
      failed: () => {
        options.metrics.snapshotErrors += 1;
      },
      diskFailed: (error) => {
        this.#fail(error);
      },
    });
    this.#replacement = this.#createReplacement();
    this.#logSync = new LogSync(options);
    this.links = this.#createLinks();
    this.#ports = new LearnerPorts(options, this.links, options.logger);
  }

  get tree(): DataTree {
    return this.#state.tree;
  }

  /** Validates requests against the tree and what is proposed; meaningful on a leader. */
  get preparer(): Preparer {
    return this.#state.preparer;
  }

  /** What the tree's digest was lately, for comparing servers. */
  get digests(): DigestHistory {
    return this.#state.digests;
  }

  /** Whether the disk takes what it is given. */
  get diskCondition(): DiskCondition {
    return this.#disk.condition;
  }

  get isServing(): boolean {
    return this.peer.isServing && !this.#isStopped;
  }

  /** @param election absent for a server without peers. */
  start(election: ElectionNetwork | undefined): void {
    this.#election = election;
    this.#timer = setInterval(() => {
      this.schedule();
    }, tickEveryMs);
    this.schedule();
  }

  /** Makes a turn happen after the inputs at hand; call it before the first of them. */
  schedule(): void {
    if (this.#isTurnDue || this.#isStopped) return;
    this.#isTurnDue = true;
    this.peer.setTime(this.#options.clock.monotonicMs());
    setImmediate(this.#turn);
  }

  receiveNotification(from: bigint, notification: Notification): void {
    this.schedule();
    this.peer.receiveNotification(from, notification);
  }

  /** Proposes what the preparer made; only on a serving leader. */
  propose(prepared: PreparedTxn): void {
    const { leader } = this.peer;
    assert(leader !== undefined, "only a leader proposes");
    const payload = this.#state.encode(prepared);
    leader.propose({ zxid: prepared.header.zxid, payload });
    const { metrics } = this.#options;
    metrics.proposals += 1;
    metrics.proposalSizes.note(payload.length);
    this.schedule();
  }

  /**
   * Writes a snapshot now; resolves to the zxid that it is named after.
   * @throws StorageError when it cannot be written.
   */
  takeSnapshot(): Promise<bigint> {
    return this.#snapshots.take(this.tree);
  }

  /** Stops taking part; resolves when what was logged is on disk. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#election?.close();
    this.#ports.close();
    this.links.closeAll();
    await this.#disk.drain();
    await this.#snapshots.drain();
    await this.#options.storage.close();
  }

  /** Others may have better disks; the election is theirs, for this one waits for its disk. */
  get #isStalledLeader(): boolean {
    const { quorumEndpoint, diskStallLimitMs } = this.#options;
    if (this.peer.role !== "leading" || quorumEndpoint === undefined) return false;
    return this.#disk.condition.syncingForMs >= diskStallLimitMs;
  }

  readonly #turn = (): void => {
    this.#isTurnDue = false;
    if (this.#isStopped) return;
    if (this.#disk.isOverfull) this.peer.stepDown("The disk is full, and much waits for it");
    if (this.#isStalledLeader) this.peer.stepDown("The disk is stalled: one write does not end");
    this.peer.tick(this.#options.clock.monotonicMs());
    for (let ready = this.peer.ready(); !isEmptyReady(ready); ready = this.peer.ready()) {
      this.#carryOut(ready);
    }
    this.links.flush();
    this.#judgeLinks();
    this.#listener.flush();
  };

  /** Nothing may gather without end: neither for a learner, nor for the disk of one. */
  #judgeLinks(): void {
    for (const [link, queuedBytes] of this.links.overfull(this.peer.linkBytesMax)) {
      this.schedule();
      this.peer.linkOverfull(link, queuedBytes);
    }
    const { leaderLink } = this.peer;
    if (leaderLink === undefined) return;
    if (this.#disk.waitingBytes > unsyncedBytesMax) this.links.hold(leaderLink, "disk");
    else if (this.#disk.waitingBytes < unsyncedBytesMax / 2) this.links.release(leaderLink, "disk");
  }

  #carryOut(ready: Ready): void {
    this.#disk.push(ready.disk);
    // What is delivered at the end of a role may yet be cut off: no snapshot, and no word of it.
    if (!this.peer.isServing) this.#snapshots.cancel();
    this.#deliverAll(ready);
    for (const dial of ready.dials) this.#dial(dial);
    for (const { link, zxid } of ready.lookups) void this.#lookUp(link, zxid);
    for (const send of ready.sends) this.#send(send);
    for (const link of ready.closes) this.links.close(link);
    for (const { to, notification } of ready.notifications) this.#election?.send(to, notification);
    for (const event of ready.events) this.#handle(event);
  }

  #handle(event: PeerEvent): void {
    if (event.kind === "learner-lost") {
      if (event.cause === "overfull") this.#options.metrics.overfullLearners += 1;
      else if (event.cause === "silent") this.#options.metrics.silentLearners += 1;
    }
    if (event.kind === "role") {
      if (event.serving) this.#state.settled();
      if (event.role === "looking") this.#state.forgetProposals();
      this.#ports.follow(this.peer);
    } else if (event.kind === "config") {
      // A transaction may have been applied that has brought a newer one in the same turn.
      if (event.active.config !== undefined) showConfig(this.tree, event.active.config);
      this.#options.configChanged(event.active, event.lastSeen);
      this.#ports.follow(this.peer);
    } else if (event.kind === "odd-learner") {
      const remote = this.links.report(event.link)?.remoteAddress;
      this.#options.oddities.note(event.oddity, { sid: event.sid, remote });
    } else if (event.kind === "odd-vote") {
      this.#options.oddities.note(event.kind, { from: event.from });
    }
    this.#listener.event(event);
  }

  /** Reads behind a sync see what was committed before it, and no later write of their client. */
  #deliverAll({ deliver, syncs }: Ready): void {
    if (deliver.length === 0 && syncs.length === 0) return;
    const wallMs = this.#options.clock.wallMs();
    let answered = 0;
    for (let count = 0; count <= deliver.length; count++) {
      for (let sync = syncs[answered]; sync?.after === count; sync = syncs[answered]) {
        answered += 1;
        this.#listener.synced(sync.token);
      }
      const entry = deliver[count];
      if (entry !== undefined) this.#deliver(entry, wallMs);
    }
  }

  #deliver(entry: HistoryEntry, wallMs: number): void {
    const { txn, result, isOwn } = this.#state.apply(entry);
    if (!this.peer.isServing) return;
    // Wall clocks may be set back, and those of two servers differ.
    const sinceRequestMs = Math.max(0, wallMs - txn.header.timeMs);
    const { metrics } = this.#options;
    metrics.propagationMs.add(sinceRequestMs);
    if (isOwn) {
      metrics.commits += 1;
      metrics.quorumAckMs.add(sinceRequestMs);
    }
    this.#listener.applied(txn, result);
    this.#snapshots.applied(this.tree, entry.payload.length);
  }

  #dial({ link, sid, to }: Dial): void {
    const { peerEndpoints, observerMasterPort } = this.#options;
    const endpoint = peerEndpoints.get(sid);
    assert(endpoint !== undefined, "a leader or voter is a known server");
    const { host, port } = endpoint;
    this.links.dial(link, { host, port: to === "leader" ? port : (observerMasterPort ?? port) });
  }

  #send({ links, packet, logUpTo }: Send): void {
    const { metrics } = this.#options;
    if (packet.type === PacketType.snap) {
      metrics.snapshotsSent += links.length;
      for (const link of links) {
        this.#logSync.release(link);
        if (this.links.has(link)) this.links.sendBody(link, packet, snapshotPieces(this.tree));
      }
      return;
    }
    if (packet.type === PacketType.diff || packet.type === PacketType.trunc) {
      metrics.diffsSent += links.length;
    }
    if (logUpTo === undefined) {
      this.links.send(links, packet);
      return;
    }
    metrics.logDiffsSent += links.length;
    for (const link of links) {
      this.links.sendBody(link, packet, this.#logSync.packets(link, logUpTo));
    }
  }

  async #lookUp(link: LinkId, zxid: bigint): Promise<void> {
    const place = await this.#logSync.lookUp(link, zxid, this.tree);
    if (this.#isStopped) return;
    this.schedule();
    this.peer.logFound(link, place);
  }

  /** What comes behind a change of the state waits on the link. */
  async #replaceState(op: Parameters<StateReplacement["replace"]>[0]): Promise<StateEnd> {
    const { leaderLink } = this.peer;
    if (leaderLink !== undefined && op.kind === "truncate") this.links.hold(leaderLink, "snapshot");
    try {
      const lastZxid = await this.#replacement.replace(op);
      const inState = this.tree.getNode(configPath)?.data?.toString("utf8") ?? "";
      if (readState(inState) !== undefined) return { lastZxid, configText: inState };
      return { lastZxid, configText: (this.peer.lastSeen ?? this.peer.membership).text };
    } finally {
      if (leaderLink !== undefined) this.links.release(leaderLink, "snapshot");
    }
  }

  #createReplacement(): StateReplacement {
    const { storage, load } = this.#options;
    return new StateReplacement({
      storage,
      load,
      snapshots: this.#snapshots,
      untilSpace: (operation) => this.#disk.untilSpace(operation),
      lastZxid: () => this.peer.lastZxid,
      replaced: (tree, isSettling) => {
        this.#state.replace(tree, isSettling);
        this.#listener.treeReplaced();
      },
      isStopped: () => this.#isStopped,
    });
  }

  #createLinks(): QuorumLinks {
    const { logger, metrics, packetBytesMax, lookup } = this.#options;
    const handlers = {
      accepted: (link: LinkId): void => {
        this.schedule();
        this.peer.linkAccepted(link);
      },
      opened: (link: LinkId): void => {
        this.schedule();
        this.peer.linkOpened(link);
      },
      progress: (link: LinkId): void => {
        this.schedule();
        this.peer.linkProgress(link);
      },
      closed: (link: LinkId): void => {
        this.#replacement.linkClosed(link);
        this.#logSync.release(link);
        if (this.#isStopped) return;
        this.schedule();
        this.peer.linkClosed(link);
      },
      packet: (link: LinkId, packet: QuorumPacket): void => {
        this.schedule();
        if (packet.type === PacketType.proposal) metrics.learnerProposals += 1;
        else if (packet.type === PacketType.commit) metrics.learnerCommits += 1;
        this.peer.receivePacket(link, ownPayload(packet));
      },
      snapshot: (link: LinkId, { zxid }: QuorumPacket): SnapshotTaker =>
        this.#replacement.receive(link, zxid, {
          hold: () => {
            this.links.hold(link, "snapshot");
          },
          release: () => {
            this.links.release(link, "snapshot");
          },
          progress: () => {
            this.schedule();
            this.peer.linkProgress(link);
          },
        }),
    };
    return new QuorumLinks(handlers, { dataBytesMax: packetBytesMax, lookup, logger });
  }

  #fail(error: unknown): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#ports.close();
    this.links.closeAll();
    this.#election?.close();
    this.#listener.failed(error);
  }
}

/** Proposals outlive the chunk that they came in: they get bytes of their own. */
function ownPayload(packet: QuorumPacket): QuorumPacket {
  if (packet.data === null) return packet;
  if (packet.type !== PacketType.proposal && packet.type !== PacketType.inform) return packet;
  return { ...packet, data: Buffer.from(packet.data) };
}
