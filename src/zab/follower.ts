/**
 * The learner's side of ZAB 1.0 (ZooKeeper 3.9 `Learner`, `Follower`, `Observer`): find the leader,
 * accept its epoch, take over its history, then log and acknowledge its proposals.
 *
 * Order at synchronisation (each step durable before the next is told to anybody): the epoch is
 * accepted before ACKEPOCH; history is cut or replaced; what the leader committed is logged;
 * currentEpoch is written; NEWLEADER is acknowledged; only then are single proposals logged and
 * acknowledged. The disk works in order, so it is enough to start the operations in this order.
 *
 * A server whose disk is not whole learns as an observer, under an id that no leader counts, and
 * joins again with its own when the leader has said UPTODATE and the disk is called whole.
 */
import { Fifo } from "../base/index.ts";
import {
  JuteReader,
  PacketType,
  QuorumConfigError,
  WireError,
  formatHex,
  makeZxid,
} from "../wire/index.ts";
import type { QuorumPacket } from "../wire/index.ts";
import { adoptIdentity, settleIdentity } from "./ensemble-identity.ts";
import { HistoryReplacement } from "./history-replacement.ts";
import { JoinHandshake } from "./join-handshake.ts";
import { JoinProgress } from "./join-progress.ts";
import { LeaderDialler } from "./leader-dialler.ts";
import { LearnerReconfig } from "./learner-reconfig.ts";
import { reconfiguration } from "./membership.ts";
import type { HistoryEntry } from "./history.ts";
import { announceService, deliver, enterEpoch, saveVolume } from "./peer-context.ts";
import type { PeerContext, RoleMachine, Successor } from "./peer-context.ts";
import { PendingProposals } from "./pending-proposals.ts";
import { ObserverMaster } from "./observer-master.ts";
import { isHandOverPacket, receiveHandOver } from "./receive-hand-over.ts";
import type { DiskOp, LinkId } from "./ready.ts";
import { answerSync } from "./sync-queue.ts";
import type { SyncOrigin } from "./sync-queue.ts";

type Phase = "dialing" | "discovery" | "synchronisation" | "new-leader" | "made-whole" | "active";

export class Follower implements RoleMachine {
  readonly #context: PeerContext;
  readonly #leader: bigint;
  readonly #reconfig: LearnerReconfig;
  readonly #dialler: LeaderDialler;
  readonly #handshake: JoinHandshake;
  readonly #progress: JoinProgress;
  readonly #pending: PendingProposals;
  #phase: Phase = "dialing";
  #over: string | undefined;
  #heardAtMs: number;
  /** What was logged before the epoch was entered is not acknowledged one by one. */
  #enterEpochSeq = Infinity;
  #replacement: HistoryReplacement;
  #successor: Successor | undefined;
  /** Serves observers while this follower is in service. */
  #master: ObserverMaster | undefined;
  /** Those sent to the leader, in order; its answers come in the same order. */
  readonly #syncs = new Fifo<SyncOrigin>();

  constructor(context: PeerContext, leader: bigint, nextLink: () => LinkId) {
    this.#context = context;
    this.#leader = leader;
    this.#reconfig = new LearnerReconfig(context, leader);
    this.#handshake = new JoinHandshake(context, leader);
    this.#progress = new JoinProgress(context);
    this.#replacement = new HistoryReplacement(context);
    this.#pending = new PendingProposals(context);
    this.#heardAtMs = context.nowMs;
    this.#dialler = new LeaderDialler(context, leader, nextLink);
  }

  get over(): string | undefined {
    return this.#over;
  }

  get successor(): Successor | undefined {
    return this.#successor;
  }

  get designated(): bigint | undefined {
    return this.#reconfig.designated;
  }

  /** Whether it gets what is committed, and acknowledges nothing. */
  get isObserver(): boolean {
    return this.#reconfig.isObserver;
  }

  get isServing(): boolean {
    return this.#phase === "active" && this.#over === undefined;
  }

  get epoch(): number {
    return this.#handshake.epoch;
  }

  get link(): LinkId | undefined {
    return this.#dialler.link;
  }

  /** Whoever serves observers here; undefined where nobody does. */
  get observerMaster(): ObserverMaster | undefined {
    return this.#master;
  }

  get newestZxid(): bigint {
    return this.#pending.newestZxid;
  }

  /** The leader was sent a sync, for `asked`. */
  syncSent(asked: SyncOrigin): void {
    this.#syncs.push(asked);
  }

  undecided(): readonly HistoryEntry[] {
    return this.#pending.logged();
  }

  links(): Iterable<LinkId> {
    const own = this.link === undefined ? [] : [this.link];
    return [...own, ...(this.#master?.links() ?? [])];
  }

  tick(): void {
    const { nowMs, timing } = this.#context;
    this.#dialler.tick();
    if (this.#phase === "active") {
      const silentMs = nowMs - this.#heardAtMs;
      if (silentMs > timing.syncLimitTicks * timing.tickMs) this.#end("The leader is silent");
      else this.#master?.tick();
      return;
    }
    if (this.#progress.hasStalled) {
      this.#end(`Joining the leader took too long, in ${this.#phase}`);
    } else if (this.link !== undefined && this.#getsHistory && this.#handshake.takesProgress) {
      this.#progress.tell(this.link);
    }
  }

  linkOpened(link: LinkId): void {
    if (link !== this.link || this.#phase !== "dialing") return;
    this.#phase = "discovery";
    this.#handshake.introduce(link, this.isObserver);
  }

  linkClosed(link: LinkId): void {
    if (this.#successor !== undefined) return;
    if (link !== this.link) {
      this.#master?.linkClosed(link);
      return;
    }
    this.#dialler.lose();
    if (this.#phase === "dialing" && this.#dialler.retry()) return;
    this.#end("The link to the leader is gone");
  }

  linkProgress(link: LinkId): void {
    if (link === this.link) this.#noteProgress();
    else this.#master?.linkProgress(link);
  }

  receivePacket(link: LinkId, packet: QuorumPacket): void {
    if ((this.#over ?? this.#successor) !== undefined) return;
    if (link !== this.link) {
      this.#master?.receivePacket(link, packet);
      return;
    }
    this.#heardAtMs = this.#context.nowMs;
    this.#noteProgress();
    if (!this.#replacement.holds(packet)) this.#handle(packet);
  }

  durable(op: DiskOp): void {
    const { link } = this;
    if (link === undefined || this.#over !== undefined) return;
    this.#noteProgress();
    const { outbox, history } = this.#context;
    if (op.kind === "append") {
      if (!this.isObserver && op.seq > this.#enterEpochSeq) {
        outbox.send(link, PacketType.ack, op.entry.zxid);
      }
    } else if (op.kind === "accepted-epoch") {
      this.#handshake.acknowledge(link);
    } else if (op.kind === "current-epoch") {
      outbox.send(link, PacketType.ack, makeZxid(this.epoch, 0));
    } else if (op.kind === "volume") {
      if (this.#phase === "made-whole") this.#end("The disk is whole: joining under its own id");
    } else if (op.kind !== "active-config") {
      if (history.last === op.zxid) this.#release();
      else this.#joinAgain(link, history.last > op.zxid);
    }
  }

  /** What counts is what comes after the leader has begun to send its history. */
  #noteProgress(): void {
    if (this.#getsHistory) this.#progress.note();
  }

  get #getsHistory(): boolean {
    return this.#phase === "synchronisation" || this.#phase === "new-leader";
  }

  /**
   * The log does not end where the leader wanted it cut: either it lacks the transaction of that
   * zxid, or it cannot be cut so far. The same leader is asked for something else.
   */
  #joinAgain(link: LinkId, wantsSnapshot: boolean): void {
    const { outbox, logger } = this.#context;
    logger.info("Joining again, as the log was cut elsewhere", { wantsSnapshot });
    outbox.pending.closes.push(link);
    this.#dialler.lose();
    this.#phase = "dialing";
    this.#replacement = new HistoryReplacement(this.#context);
    this.#handshake.restart(wantsSnapshot);
    if (!this.#dialler.retry()) this.#end("The leader cannot be followed");
  }

  #handle(packet: QuorumPacket): void {
    try {
      this.#dispatch(packet);
    } catch (error) {
      const isBadInput = error instanceof WireError || error instanceof QuorumConfigError;
      if (!isBadInput) throw error;
      this.#end(`Bad packet of type ${packet.type}: ${error.message}`);
    }
  }

  #dispatch(packet: QuorumPacket): void {
    switch (packet.type) {
      case PacketType.leaderInfo:
        this.#receiveLeaderInfo(packet);
        break;
      case PacketType.diff:
      case PacketType.trunc:
      case PacketType.snap:
        this.#receiveSyncStart(packet);
        break;
      case PacketType.proposal:
        this.#receiveProposal(packet);
        break;
      case PacketType.commit:
        this.#receiveCommit(packet.zxid);
        break;
      case PacketType.commitAndActivate:
        this.#receiveCommit(packet.zxid, packet.data);
        break;
      case PacketType.inform:
        this.#receiveProposal(packet);
        if (this.#over === undefined) this.#receiveCommit(packet.zxid);
        break;
      case PacketType.informAndActivate:
        this.#receiveInformAndActivate(packet);
        break;
      case PacketType.newLeader:
        this.#receiveNewLeader(packet);
        break;
      case PacketType.upToDate:
        this.#receiveUpToDate();
        break;
      default:
        this.#receiveOther(packet);
    }
  }

  #receiveLeaderInfo(packet: QuorumPacket): void {
    const isExpected = this.#phase === "discovery" && this.epoch === 0;
    this.#end(isExpected ? this.#handshake.receiveLeaderInfo(packet) : "Unexpected LEADERINFO");
  }

  #receiveSyncStart(packet: QuorumPacket): void {
    if (this.#phase !== "discovery" || this.epoch === 0) {
      this.#end("Unexpected start of synchronisation");
      return;
    }
    if (this.#handshake.wantsSnapshot && packet.type !== PacketType.snap) {
      this.#end("The leader offers no snapshot, and nothing else will do");
      return;
    }
    this.#phase = "synchronisation";
    this.#progress.begin();
    const { link } = this;
    if (packet.type !== PacketType.diff && link !== undefined)
      this.#replacement.begin(link, packet);
  }

  /** Goes on with what came while the history was being replaced. */
  #release(): void {
    this.#replacement.end();
    while (this.#over === undefined) {
      const packet = this.#replacement.takeHeld();
      if (packet === undefined) return;
      this.#handle(packet);
    }
  }

  #receiveProposal(packet: QuorumPacket): void {
    const { zxid, data } = packet;
    if (data === null || this.#phase === "dialing" || this.#phase === "discovery") {
      this.#end("Unexpected proposal");
      return;
    }
    if (this.#isInSnapshot(zxid)) return;
    this.#pending.receive({ zxid, payload: data });
    if (this.#phase !== "synchronisation") this.#pending.logAll();
  }

  /**
   * A leader of Apache's forwards what it proposes from one moment on, and a moment later asks its
   * tree where the snapshot stands: what was decided in between is sent as well as in the snapshot.
   */
  #isInSnapshot(zxid: bigint): boolean {
    return this.#phase === "synchronisation" && this.#replacement.covers(zxid);
  }

  /** @param activation of a reconfiguration: who is to lead once it is in force. */
  #receiveCommit(zxid: bigint, activation: Buffer | null = null): void {
    if (this.#isInSnapshot(zxid)) return;
    const entry = this.#pending.takeCommitted(zxid);
    if (entry === undefined) {
      this.#end(`Commit ${formatHex(zxid)} is not for the oldest proposal`);
      return;
    }
    deliver(this.#context, entry);
    const designated = activation === null ? undefined : new JuteReader(activation).readLong();
    this.#master?.committed(entry, designated);
    if (designated === undefined) return;
    const next = reconfiguration(entry);
    if (next === undefined) this.#end(`Transaction ${formatHex(zxid)} is no reconfiguration`);
    else this.#end(this.#reconfig.activate(next, designated));
  }

  /** The transaction comes behind the designated leader. */
  #receiveInformAndActivate(packet: QuorumPacket): void {
    const { data } = packet;
    if (data === null || data.length <= 8) {
      this.#end("INFORMANDACTIVATE without a transaction");
      return;
    }
    this.#receiveProposal({ ...packet, data: Buffer.from(data.subarray(8)) });
    if (this.#over === undefined) this.#receiveCommit(packet.zxid, data.subarray(0, 8));
  }

  #receiveNewLeader(packet: QuorumPacket): void {
    if (this.#phase !== "synchronisation" || packet.zxid !== makeZxid(this.epoch, 0)) {
      this.#end("Unexpected NEWLEADER");
      return;
    }
    this.#phase = "new-leader";
    this.#reconfig.receiveNewLeader(packet.data);
    adoptIdentity(this.#context, this.#handshake.ensembleId);
    this.#enterEpochSeq = enterEpoch(this.#context, this.epoch).seq;
    this.#pending.logAll();
  }

  #receiveUpToDate(): void {
    const { outbox, volume } = this.#context;
    if (this.#phase !== "new-leader" || this.link === undefined) {
      this.#end("Unexpected UPTODATE");
      return;
    }
    if (volume.isIncomplete) {
      this.#phase = "made-whole";
      saveVolume(this.#context, { isIncomplete: false, isIdSettled: volume.ensembleId !== null });
      return;
    }
    settleIdentity(this.#context);
    outbox.send(this.link, PacketType.ack, makeZxid(this.epoch, 0));
    this.#end(this.#reconfig.receiveUpToDate());
    if (this.#over !== undefined) return;
    this.#phase = "active";
    const role = this.isObserver ? "observing" : "following";
    const isMaster = this.#context.observers.hasMasters && !this.isObserver;
    if (isMaster) this.#master = new ObserverMaster(this.#context, this.epoch);
    announceService(this.#context, role, this.epoch, this.#leader);
  }

  #receiveOther(packet: QuorumPacket): void {
    const { outbox } = this.#context;
    if (isHandOverPacket(packet) && this.#phase === "active") {
      this.#successor = receiveHandOver(packet, this.#context, this.newestZxid);
    } else if (packet.type === PacketType.ping) {
      outbox.pending.events.push({ kind: "ping", zxid: packet.zxid });
    } else if (packet.type === PacketType.sync) {
      const asked = this.#syncs.shift();
      if (asked !== undefined) answerSync(outbox, asked);
    } else if (packet.type === PacketType.revalidate) {
      outbox.pending.events.push({ kind: "revalidated", packet });
    } else {
      this.#end(`Unexpected packet type ${packet.type}`);
    }
  }

  #end(reason: string | undefined): void {
    this.#over ??= reason;
  }
}
