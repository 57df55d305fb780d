/**
 * The leader's side of ZAB 1.0 (ZooKeeper 3.9 `Leader`, `LearnerHandler`): discovery (a quorum
 * agrees on a new epoch), synchronisation (a quorum takes over the leader's history), broadcast
 * (proposals are committed in order once a quorum has them on disk). `discovery.ts`,
 * `synchronise-learner.ts` and `proposals.ts` are its parts; this is who decides when.
 *
 * Invariants:
 * 1. LEADERINFO for an epoch is sent only after this server durably accepted that epoch.
 * 2. A proposal counts as acknowledged by this server only when it is durable here.
 * 3. Proposals are committed in zxid order, each after a quorum acknowledged it.
 * 4. What `context.history` holds has been delivered here; `#proposals` follows it without gap.
 */
import { assert } from "../base/index.ts";
import {
  JuteReader,
  PacketType,
  encodeLeaderInfo,
  formatHex,
  makeZxid,
  zxidCounter,
  zxidEpoch,
} from "../wire/index.ts";
import type { QuorumPacket } from "../wire/index.ts";
import { Discovery } from "./discovery.ts";
import { nameNewEnsemble, settleIdentity } from "./ensemble-identity.ts";
import type { HistoryEntry } from "./history.ts";
import { HandOver } from "./hand-over.ts";
import { LearnerPacing } from "./learner-pacing.ts";
import { LearnerTable } from "./learner-table.ts";
import type { Learner } from "./learner-table.ts";
import { appendToLog, deliver, enterEpoch } from "./peer-context.ts";
import type { PeerContext, RoleMachine, Successor } from "./peer-context.ts";
import { Proposals } from "./proposals.ts";
import type { DiskOp, LinkId, LogPlace } from "./ready.ts";
import { SyncQueue } from "./sync-queue.ts";
import { synchroniseLearner } from "./synchronise-learner.ts";

type Phase = "discovery" | "synchronisation" | "broadcast";

export class Leader implements RoleMachine {
  readonly handOver: HandOver;
  readonly #context: PeerContext;
  readonly #learners: LearnerTable;
  readonly #syncs: SyncQueue;
  readonly #discovery: Discovery;
  readonly #proposals: Proposals;
  readonly #pacing: LearnerPacing;
  /** When a voter that the quorum may wait for last took something of its synchronisation. */
  #progressAtMs: number;
  #phase: Phase = "discovery";
  #over: string | undefined;
  #newLeaderAcks = 0;
  #lastProposed = 0n;
  #nextPingAtMs = 0;

  constructor(context: PeerContext) {
    this.#context = context;
    this.#learners = new LearnerTable(context);
    this.#syncs = new SyncQueue(context, this.#learners);
    this.#proposals = new Proposals(context);
    this.#discovery = new Discovery(context);
    this.#pacing = new LearnerPacing(context, this.#learners);
    this.handOver = new HandOver(context, this.#learners);
    this.#progressAtMs = context.nowMs;
    nameNewEnsemble(context);
  }

  get over(): string | undefined {
    return this.#over;
  }

  get successor(): Successor | undefined {
    return this.handOver.successor;
  }

  get isServing(): boolean {
    return this.#phase === "broadcast" && this.#over === undefined;
  }

  get epoch(): number {
    return this.#discovery.epoch;
  }

  get newestZxid(): bigint {
    return this.#lastProposed;
  }

  /** zxid that the next proposal will have. */
  get nextZxid(): bigint {
    return this.#lastProposed + 1n;
  }

  /** Syncs that are not answered yet. */
  get pendingSyncCount(): number {
    return this.#syncs.length;
  }

  get outstandingCount(): number {
    return this.#proposals.length;
  }

  /** Learners in synchronisation or after it, for status reports. */
  learners(): IterableIterator<Learner> {
    return this.#learners.all();
  }

  undecided(): readonly HistoryEntry[] {
    return this.#proposals.entries();
  }

  links(): Iterable<LinkId> {
    return this.#learners.linkIds();
  }

  /** Proposes a transaction; its zxid must be `nextZxid`. */
  propose(entry: HistoryEntry): void {
    assert(this.isServing, "only a serving leader proposes");
    assert(entry.zxid === this.nextZxid, "zxids are given out in order");
    const { outbox } = this.#context;
    this.#lastProposed = entry.zxid;
    this.#proposals.add(entry);
    appendToLog(this.#context, entry);
    outbox.broadcast(this.#learners.followers, PacketType.proposal, entry.zxid, entry.payload);
    if (zxidCounter(entry.zxid) >= this.#context.counterMax) {
      this.#end("The epoch's transaction counter is used up");
    }
  }

  /**
   * Has `token` answered in `Ready.syncs` once all that is proposed so far is committed and a
   * quorum has confirmed that it still follows.
   */
  sync(token: unknown): void {
    this.#syncs.add({ token }, this.#lastProposed);
    this.#settleSyncs();
  }

  /** The same for a learner, who is sent SYNC between the commits before and after. */
  syncLearner(link: LinkId): void {
    this.#syncs.add({ link }, this.#lastProposed);
    this.#settleSyncs();
  }

  linkOpened(link: LinkId): void {
    this.#learners.add(link);
  }

  linkClosed(link: LinkId): void {
    this.#learners.remove(link);
  }

  durable(op: DiskOp): void {
    if (op.kind === "append") this.#acknowledge(this.#context.sid, op.entry.zxid);
    else if (op.kind === "accepted-epoch") {
      this.#discovery.confirmAccepted();
      for (const learner of this.#learners.all()) this.#sendLeaderInfo(learner);
      this.#endDiscovery();
    } else if (op.kind === "current-epoch") {
      this.#newLeaderAcks |= this.#context.voters.bit(this.#context.sid);
      this.#checkNewLeaderAcks();
    }
  }

  tick(): void {
    const { nowMs, timing } = this.#context;
    const initLimitMs = timing.initLimitTicks * timing.tickMs;
    this.#learners.dropSilent(this.isServing);
    if (!this.isServing) {
      const isEpochOpen = this.epoch === 0;
      const waitMs = isEpochOpen
        ? Math.min(timing.epochWaitMs ?? Infinity, initLimitMs)
        : initLimitMs;
      if (isEpochOpen && this.#discovery.isExhausted) this.#end("No higher epoch is left");
      if (nowMs - this.#progressAtMs > waitMs) this.#end(`No quorum in ${this.#phase}`);
    }
    if (this.#phase !== "discovery") {
      // Those that had to wait may have had their turn come.
      for (const learner of this.#learners.all()) this.#synchronise(learner);
    }
    if (!this.isServing) return;
    if (!this.#context.voters.isQuorum(this.#learners.liveVoters(), "liveness")) {
      this.#end("No quorum of followers");
      return;
    }
    const isQuiet = this.#proposals.length === 0 && this.#syncs.length === 0;
    this.handOver.advance(isQuiet ? this.#lastProposed : undefined);
    if (nowMs < this.#nextPingAtMs) return;
    this.#nextPingAtMs = nowMs + timing.tickMs / 2;
    this.#syncs.startRound(this.#lastProposed);
  }

  linkProgress(link: LinkId): void {
    const learner = this.#learners.get(link);
    if (learner !== undefined) this.#noteProgress(learner);
  }

  /** A learner takes less than it is sent: it is dropped, unless the quorum would go with it. */
  linkOverfull(link: LinkId, queuedBytes: number): void {
    const learner = this.#learners.get(link);
    if (learner === undefined) return;
    const { queuedBytesMax } = this.#context.learnerLimits;
    const max = this.#learners.isNeeded(learner) ? 4 * queuedBytesMax : queuedBytesMax;
    if (queuedBytes <= max) return;
    this.#pacing.wasOverfull(learner.sid);
    this.#learners.drop(learner, `It takes too little: ${queuedBytes} bytes wait`, "overfull");
  }

  logFound(link: LinkId, place: LogPlace | undefined): void {
    const learner = this.#learners.get(link);
    if (learner?.logPlace !== "asked") return;
    learner.logPlace = place ?? null;
    this.#synchronise(learner);
  }

  receivePacket(link: LinkId, packet: QuorumPacket): void {
    const learner = this.#learners.get(link);
    if (learner === undefined || this.successor !== undefined) return;
    this.#noteProgress(learner);
    switch (packet.type) {
      case PacketType.followerInfo:
      case PacketType.observerInfo:
        this.#receiveInfo(learner, packet);
        break;
      case PacketType.ackEpoch:
        this.#receiveAckEpoch(learner, packet);
        break;
      case PacketType.ack:
        this.#receiveAck(learner, packet.zxid);
        break;
      case PacketType.ping:
        this.#receivePing(learner, packet.data);
        break;
      case PacketType.progress:
        break;
      case PacketType.hold:
      case PacketType.request:
      case PacketType.revalidate:
        if (learner.stage !== "synced") this.#learners.drop(learner, "Request before sync");
        else if (!this.handOver.takes(learner, packet))
          this.#context.outbox.pending.events.push({ kind: "packet", link, packet });
        break;
      default:
        this.#learners.drop(learner, `Unexpected packet type ${packet.type}`);
    }
  }

  #receiveInfo(learner: Learner, packet: QuorumPacket): void {
    const isFollower = packet.type === PacketType.followerInfo;
    if (!this.#learners.identify(learner, packet.data, isFollower)) return;
    const learnerEpoch = zxidEpoch(packet.zxid);
    if (!this.#discovery.isPlausible(learnerEpoch)) {
      this.#learners.refuse(learner, "absurd-epoch");
      return;
    }
    if (learner.isIncomplete || learnerEpoch < this.epoch) this.#forget(learner);
    if (this.epoch === 0) this.#discovery.receiveAccepted(learner, learnerEpoch);
    else if (learner.isVoter && learnerEpoch > this.epoch) {
      this.#receiveLaterEpoch(learner, learnerEpoch);
      return;
    }
    this.#sendLeaderInfo(learner);
  }

  /**
   * A voter has promised a later epoch to a leader that never came to be, or is of another history
   * that a majority has lost. Only a new election can let it in, whose epoch will be higher. A
   * leader in service does not give its quorum up for that: the newcomer might win, and with it
   * all that was acknowledged since would be lost. It stays out until this leader ends.
   */
  #receiveLaterEpoch(learner: Learner, epoch: number): void {
    const reason = `Voter ${learner.sid} has accepted epoch ${epoch}, above ${this.epoch}`;
    if (this.isServing) this.#learners.drop(learner, reason);
    else this.#end(reason);
  }

  /**
   * What the server of this id had promised and acknowledged before is gone with its disk, or was
   * another server's. It must not help this leader into service, nor anything to be committed that
   * this learner does not get from now on.
   */
  #forget({ sid, isIncomplete }: Learner): void {
    if (isIncomplete) this.#proposals.withdraw(sid);
    if (this.isServing) return;
    this.#discovery.forget(sid);
    this.#newLeaderAcks &= ~this.#context.voters.bit(sid);
  }

  #sendLeaderInfo(learner: Learner): void {
    if (!this.#discovery.isAccepted || learner.stage !== "identified") return;
    learner.stage = "informed";
    const { outbox, volume } = this.#context;
    const body = encodeLeaderInfo({
      takesProgress: true,
      ensembleId: volume.ensembleId ?? undefined,
    });
    outbox.send(learner.link, PacketType.leaderInfo, makeZxid(this.epoch, 0), body);
  }

  #receiveAckEpoch(learner: Learner, packet: QuorumPacket): void {
    if (learner.stage !== "informed" || packet.data === null) {
      this.#learners.drop(learner, "Unexpected ACKEPOCH");
      return;
    }
    const currentEpoch = new JuteReader(packet.data).readInt();
    learner.stage = "acked-epoch";
    learner.lastZxid = packet.zxid;
    if (!this.isServing && learner.isVoter && currentEpoch !== -1) {
      if (!this.#discovery.receiveAck(learner, currentEpoch)) {
        this.#end(`Follower ${learner.sid} is ahead: ${formatHex(packet.zxid)}`);
        return;
      }
      this.#endDiscovery();
    }
    if (this.#phase !== "discovery") this.#synchronise(learner);
  }

  #endDiscovery(): void {
    if (this.#phase !== "discovery" || !this.#discovery.isDone) return;
    this.#phase = "synchronisation";
    this.#lastProposed = makeZxid(this.epoch, 0);
    enterEpoch(this.#context, this.epoch);
    for (const learner of this.#learners.all()) this.#synchronise(learner);
  }

  #synchronise(learner: Learner): void {
    if (learner.stage !== "acked-epoch") return;
    synchroniseLearner(learner, {
      context: this.#context,
      learners: this.#learners,
      pacing: this.#pacing,
      proposals: this.#proposals,
      epoch: this.epoch,
    });
  }

  #receiveAck(learner: Learner, zxid: bigint): void {
    if (zxid > learner.ackedZxid) learner.ackedZxid = zxid;
    if (zxidCounter(zxid) !== 0) {
      if (learner.isVoter) this.#acknowledge(learner.sid, zxid);
      return;
    }
    // The acknowledgement of NEWLEADER; one of UPTODATE follows, which says nothing more.
    if (zxid !== makeZxid(this.epoch, 0) || learner.stage !== "syncing") return;
    learner.stage = "acked-new-leader";
    this.#pacing.hasCaughtUp(learner.sid);
    if (learner.isVoter) this.#newLeaderAcks |= this.#context.voters.bit(learner.sid);
    if (this.isServing) this.#activate(learner);
    else this.#checkNewLeaderAcks();
  }

  #checkNewLeaderAcks(): void {
    const { voters, outbox, sid, nowMs, timing } = this.#context;
    // Only of those in `votes` is it known that they hold nothing which this leader does not; and
    // those who have gone again would not follow it.
    const agreed = this.#discovery.votes & this.#learners.joinedVoters();
    const acks = this.#newLeaderAcks & agreed;
    if (this.#phase !== "synchronisation" || !voters.isQuorum(acks, "new-leader")) return;
    // A leader's own copy of the initial history may still be on its way to disk elsewhere.
    if ((this.#newLeaderAcks & voters.bit(sid)) === 0) return;
    this.#phase = "broadcast";
    settleIdentity(this.#context);
    this.#nextPingAtMs = nowMs + timing.tickMs / 2;
    outbox.pending.events.push({
      kind: "role",
      role: "leading",
      serving: true,
      epoch: this.epoch,
      leader: sid,
      isHandOver: false,
    });
    for (const learner of this.#learners.all()) this.#activate(learner);
  }

  #activate(learner: Learner): void {
    if (learner.stage !== "acked-new-leader") return;
    if (!learner.isIncomplete) this.#learners.activate(learner);
    else {
      // Its vote will count from then on: a quorum without it must still be following.
      this.#syncs.add({ admitted: learner }, this.#lastProposed);
      this.#settleSyncs();
    }
  }

  #noteProgress(learner: Learner): void {
    const { nowMs, voters } = this.#context;
    learner.heardAtMs = nowMs;
    const isAwaited = learner.isVoter && learner.stage === "syncing";
    if (!isAwaited || this.#phase !== "synchronisation") return;
    // Where too few are left, one that gets on brings no quorum.
    if (voters.isQuorum(this.#learners.joinedVoters(), "new-leader")) this.#progressAtMs = nowMs;
  }

  #receivePing(learner: Learner, data: Buffer | null): void {
    if (!this.#learners.answered(learner)) return;
    if (data !== null) {
      this.#context.outbox.pending.events.push({ kind: "touched", sid: learner.sid, data });
    }
    this.#settleSyncs();
  }

  #acknowledge(sid: bigint, zxid: bigint): void {
    this.#proposals.acknowledge(sid, zxid);
    if (this.isServing) this.#commit();
  }

  #commit(): void {
    const { outbox } = this.#context;
    const committed = this.#proposals.takeCommitted();
    if (committed.length === 0) return;
    for (const entry of committed) {
      this.#syncs.confirmBefore(entry.zxid);
      outbox.broadcast(this.#learners.followers, PacketType.commit, entry.zxid);
      outbox.broadcast(this.#learners.observers, PacketType.inform, entry.zxid, entry.payload);
      deliver(this.#context, entry);
    }
    this.#settleSyncs();
  }

  #settleSyncs(): void {
    this.#syncs.settle(this.#proposals.oldest);
  }

  #end(reason: string): void {
    this.#over ??= reason;
  }
}
