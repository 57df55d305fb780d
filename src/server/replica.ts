/**
 * One server's copy of the replicated state: the tree, the replication core, and the disk and
 * networks that serve the core. It is the driver of `zab/`'s `Ready` and decides nothing that
 * the core or the tree could decide. Clients and sessions are the business of its listener.
 *
 * All inputs of an event-loop turn are gathered; the turn's end carries out what the core asks,
 * so that a busy server writes once for each peer and logs once for many transactions.
 */
import { assert } from "../base/index.ts";
import type { Clock } from "../base/index.ts";
import { StorageError } from "../storage/index.ts";
import type { Storage } from "../storage/index.ts";
import { DataTree } from "../tree/index.ts";
import type { PreparedTxn, Preparer, TxnResult } from "../tree/index.ts";
import { PacketType, encodeSnapshotBody } from "../wire/index.ts";
import type { DecodedTxn, QuorumPacket, SnapshotSink } from "../wire/index.ts";
import type { DiskOp, HistoryEntry, LinkId, Peer, PeerEvent, Ready } from "../zab/index.ts";
import type { DigestHistory } from "./digest-history.ts";
import { DiskQueue } from "./disk-queue.ts";
import type { DiskCondition } from "./disk-space.ts";
import type { ElectionNetwork } from "./election-network.ts";
import { QuorumLinks } from "./quorum-links.ts";
import type { Endpoint } from "./quorum-links.ts";
import { ReplicatedTree } from "./replicated-tree.ts";
import type { ReplicatedTreeOptions } from "./replicated-tree.ts";
import { SnapshotWriter } from "./snapshot-writer.ts";
import type { SnapshotInterval } from "./snapshot-writer.ts";
import { loadState, showConfig } from "./load-state.ts";
import type { LoadOptions } from "./load-state.ts";

/** What the layer of clients and sessions is told. */
export interface ReplicaListener {
  event(event: PeerEvent): void;
  /** A transaction has become part of the tree. */
  applied(txn: DecodedTxn, result: TxnResult): void;
  /** A sync is to be answered: the one of this token, or on a learner the oldest one. */
  synced(token: unknown): void;
  /** End of a turn: time to write what was gathered for clients. */
  flush(): void;
  /** The tree is another one now; watches and pending requests of the old one are void. */
  treeReplaced(): void;
  failed(error: unknown): void;
}

export interface ReplicaOptions extends ReplicatedTreeOptions {
  readonly peer: Peer;
  readonly storage: Storage;
  readonly load: LoadOptions;
  readonly clock: Clock;
  /** Where learners connect while this server leads; undefined for a server without peers. */
  readonly quorumEndpoint: Endpoint | undefined;
  readonly peerEndpoints: ReadonlyMap<bigint, Endpoint>;
  readonly packetBytesMax: number;
  /** How much of the log until the next snapshot. */
  readonly snapshotEvery: () => SnapshotInterval;
  /** Whether snapshots and logs that are not needed any more are removed. */
  readonly purges: boolean;
}

/** Work of the core is done at this pace when nothing else happens, in ms. */
const tickEveryMs = 20;

export class Replica {
  readonly peer: Peer;
  readonly links: QuorumLinks;
  readonly #options: ReplicaOptions;
  readonly #disk: DiskQueue;
  readonly #snapshots: SnapshotWriter;
  readonly #listener: ReplicaListener;
  readonly #state: ReplicatedTree;
  /** Snapshots received on links and not yet installed. */
  readonly #received = new Map<LinkId, ReturnType<typeof DataTree.restore>>();
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
      replaced: (seq, lastZxid) => {
        this.schedule();
        this.peer.replaced(seq, lastZxid);
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
    });
    this.links = this.#createLinks();
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

  receiveNotification(
    from: bigint,
    notification: Parameters<Peer["receiveNotification"]>[1],
  ): void {
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

  /** For how long the disk has been at its present operation, in ms; 0 when it is idle. */
  get diskBusyMs(): number {
    return this.#disk.busyMs;
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
    this.links.closeAll();
    await this.#disk.drain();
    await this.#snapshots.drain();
    await this.#options.storage.close();
  }

  readonly #turn = (): void => {
    this.#isTurnDue = false;
    if (this.#isStopped) return;
    if (this.#disk.isOverfull) this.peer.stepDown("The disk is full, and much waits for it");
    this.peer.tick(this.#options.clock.monotonicMs());
    for (let ready = this.peer.ready(); !isEmpty(ready); ready = this.peer.ready()) {
      this.#carryOut(ready);
    }
    this.links.flush();
    this.#listener.flush();
  };

  #carryOut(ready: Ready): void {
    this.#disk.push(ready.disk);
    // What is delivered at the end of a role may yet be cut off: no snapshot, and no word of it.
    if (!this.peer.isServing) this.#snapshots.cancel();
    this.#deliverAll(ready);
    for (const { link, sid } of ready.dials) this.#dial(link, sid);
    for (const { links, packet } of ready.sends) {
      if (packet.type === PacketType.snap) {
        this.#sendSnapshot(links, packet);
        continue;
      }
      if (packet.type === PacketType.diff || packet.type === PacketType.trunc) {
        this.#options.metrics.diffsSent += links.length;
      }
      this.links.send(links, packet);
    }
    for (const link of ready.closes) this.links.close(link);
    for (const { to, notification } of ready.notifications) this.#election?.send(to, notification);
    for (const event of ready.events) this.#handle(event);
  }

  #handle(event: PeerEvent): void {
    if (event.kind === "role") {
      if (event.serving) this.#state.settled();
      if (event.role === "looking") this.#state.forgetProposals();
      const { quorumEndpoint } = this.#options;
      if (event.role !== "leading") this.links.stopListening();
      else if (quorumEndpoint !== undefined) this.links.listen(quorumEndpoint);
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

  #dial(link: LinkId, sid: bigint): void {
    const endpoint = this.#options.peerEndpoints.get(sid);
    assert(endpoint !== undefined, "a leader is a known server");
    this.links.dial(link, endpoint);
  }

  #sendSnapshot(links: readonly LinkId[], packet: QuorumPacket): void {
    for (const link of links) {
      this.#options.metrics.snapshotsSent += 1;
      this.links.sendSnapshot(link, packet, encodeSnapshotBody(this.tree));
    }
  }

  /** Cuts the log, or installs a received snapshot, and builds the tree that is left. */
  async #replaceState(
    op: Extract<DiskOp, { kind: "truncate" | "install-snapshot" }>,
  ): Promise<bigint> {
    const { storage, load } = this.#options;
    let tree: DataTree;
    let isSettling = true;
    if (op.kind === "truncate") {
      try {
        await this.#disk.untilSpace(() => storage.truncate(op.zxid));
      } catch (error) {
        // Nothing was changed: the core sees by the zxid that it needs a snapshot instead.
        if (error instanceof StorageError && error.code === "missing-snapshot") {
          return this.peer.lastZxid;
        }
        throw error;
      }
      ({ tree, isSettling } = await this.#disk.untilSpace(() => loadState(storage, load)));
    } else {
      const received = this.#received.get(op.link);
      assert(received !== undefined, "a snapshot is received before it is installed");
      this.#received.delete(op.link);
      const whole = received.finish(op.zxid);
      await this.#disk.untilSpace(() => this.#snapshots.install(whole));
      tree = whole;
      showConfig(tree, load);
    }
    this.#state.replace(tree, isSettling);
    this.#listener.treeReplaced();
    return tree.lastProcessedZxid;
  }

  #createLinks(): QuorumLinks {
    const { logger, metrics, packetBytesMax } = this.#options;
    const handlers = {
      accepted: (link: LinkId): void => {
        this.schedule();
        this.peer.linkAccepted(link);
      },
      opened: (link: LinkId): void => {
        this.schedule();
        this.peer.linkOpened(link);
      },
      closed: (link: LinkId): void => {
        this.#received.delete(link);
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
      snapshotSink: (link: LinkId): SnapshotSink => {
        const restore = DataTree.restore();
        this.#received.set(link, restore);
        return restore.sink;
      },
    };
    return new QuorumLinks(handlers, packetBytesMax, logger);
  }

  #fail(error: unknown): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
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

function isEmpty(ready: Ready): boolean {
  return (
    ready.disk.length === 0 &&
    ready.deliver.length === 0 &&
    ready.syncs.length === 0 &&
    ready.dials.length === 0 &&
    ready.sends.length === 0 &&
    ready.closes.length === 0 &&
    ready.notifications.length === 0 &&
    ready.events.length === 0
  );
}
