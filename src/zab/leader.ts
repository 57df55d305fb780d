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
 * 4. From the proposal of a reconfiguration on until it is committed, whatever this leader decides
 *    needs a quorum of the old and of the new configuration; there is one at a time.
 * 5. What `context.history` holds has been delivered here; `#proposals` follows it without gap.
 */
import { assert } from "../base/index.ts";
import { PacketType, formatHex, makeZxid, zxidCounter, zxidEpoch } from "../wire/index.ts";
import type { QuorumPacket } from "../wire/index.ts";
import { Discovery } from "./discovery.ts";
import { nameNewEnsemble, settleIdentity } from "./ensemble-identity.ts";
import type { HistoryEntry } from "./history.ts";
import { HandOver } from "./hand-over.ts";
import type { LeaderParts } from "./leader-parts.ts";
import {
  activateEverywhere,
  findReconfigProblem,
  nameConfiguration,
  remainsLeader,
} from "./leader-reconfig.ts";
import type { ReconfigProblem } from "./leader-reconfig.ts";
import { LearnerPacing } from "./learner-pacing.ts";
import { LearnerTable, lagBehind } from "./learner-table.ts";
import type { Learner } from "./learner-table.ts";
import { reconfiguration } from "./membership.ts";
import type { Membership } from "./membership.ts";
import { announceService, appendToLog, deliver, enterEpoch } from "./peer-context.ts";
import type { PeerContext, RoleMachine, Successor } from "./peer-context.ts";
import { Proposals } from "./proposals.ts";
import type { Proposal } from "./proposals.ts";
import type { DiskOp, LinkId, LogPlace } from "./ready.ts";
import { Retirement } from "./retirement.ts";
import { SyncQueue } from "./sync-queue.ts";
import { synchroniseLearner } from "./synchronise-learner.ts";

type Phase =
  | "discovery"
  | "synchronisation"
  | "broadcast"
  /** The initial history is committed, and with it a configuration that others are to lead. */
  | "resigned";

export class Leader implements RoleMachine {
  readonly handOver: HandOver;
  readonly #context: PeerContext;
  readonly #learners: LearnerTable;
  readonly #syncs: SyncQueue;
  readonly #discovery: Discovery;
  readonly #proposals: Proposals;
  readonly #pacing: LearnerPacing;
  readonly #parts: LeaderParts;
  readonly #retirement: Retirement;
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
    this.#retirement = new Retirement(context, this.#learners);
    const [learners, proposals, pacing] = [this.#learners, this.#proposals, this.#pacing];
    this.#parts = { context, learners, proposals, pacing };
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

  /** Whether transactions may be proposed; a leader that is to hand over serves, but no more. */
  get canPropose(): boolean {
    return this.isServing && !this.#retirement.hasBegun;
  }

  get designated(): bigint | undefined {
    return this.#retirement.designated;
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

  /** How many transactions of this epoch a learner is not known to have. */
  lagOf(learner: Learner): number {
    return lagBehind(this.#lastProposed, learner);
  }

  /** Why a transaction that makes `next` of the ensemble must not be proposed now, if so. */
  reconfigProblem(next: Membership): ReconfigProblem | undefined {
    return findReconfigProblem(this.#parts, next);
  }

  /**
   * Proposes a transaction; its zxid must be `nextZxid`. A reconfiguration must have no
   * `reconfigProblem`, and its zxid as its version.
   */
  propose(entry: HistoryEntry): void {
    assert(this.canPropose, "only a serving leader proposes");
    assert(entry.zxid === this.nextZxid, "zxids are given out in order");
    const { outbox, configs } = this.#context;
    const next = configs.isChangeable ? reconfiguration(entry) : undefined;
    if (next !== undefined) {
      assert(this.reconfigProblem(next) === undefined, "a reconfiguration is possible");
      assert(next.version === entry.zxid, "a configuration is named after its transaction");
      configs.see(next);
    }
    this.#lastProposed = entry.zxid;
    this.#proposals.add(entry, next);
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
    this.#checkRetired();
  }

  durable(op: DiskOp): void {
    if (op.kind === "append") this.#acknowledge(this.#context.sid, op.entry.zxid);
    else if (op.kind === "accepted-epoch") {
      this.#discovery.confirmAccepted();
      for (const learner of this.#learners.all()) this.#discovery.inform(learner);
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
    if (this.#retirement.hasBegun) {
      this.#checkRetired();
      return;
    }
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
        this.#receivePing(learner, packet);
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
    const isCounted = this.#learners.hasVote(learner);
    if (isCounted && this.epoch === 0) this.#discovery.receiveAccepted(learner, learnerEpoch);
    else if (isCounted && learnerEpoch > this.epoch) {
      this.#receiveLaterEpoch(learner, learnerEpoch);
      return;
    }
    this.#discovery.inform(learner);
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

  #receiveAckEpoch(learner: Learner, packet: QuorumPacket): void {
    const currentEpoch = this.#learners.acknowledgeEpoch(learner, packet);
    if (currentEpoch === undefined) return;
    const isCounted = this.#learners.hasVote(learner) && currentEpoch !== -1;
    if (isCounted && (this.#phase === "discovery" || this.#phase === "synchronisation")) {
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
    nameConfiguration(this.#context, this.#lastProposed);
    enterEpoch(this.#context, this.epoch);
    for (const learner of this.#learners.all()) this.#synchronise(learner);
  }

  #synchronise(learner: Learner): void {
    if (learner.stage !== "acked-epoch") return;
    synchroniseLearner(learner, this.#parts, this);
  }

  #receiveAck(learner: Learner, zxid: bigint): void {
    if (zxid > learner.ackedZxid) learner.ackedZxid = zxid;
    if (zxidCounter(zxid) !== 0) {
      if (!learner.isFollower) return;
      if (zxid > learner.reachedZxid) learner.reachedZxid = zxid;
      this.#acknowledge(learner.sid, zxid);
      return;
    }
    // The acknowledgement of NEWLEADER; one of UPTODATE follows, which says nothing more.
    if (zxid !== makeZxid(this.epoch, 0) || learner.stage !== "syncing") return;
    learner.stage = "acked-new-leader";
    this.#pacing.hasCaughtUp(learner.sid);
    learner.reachedZxid = learner.lastZxid;
    if (this.#learners.hasVote(learner)) {
      this.#newLeaderAcks |= this.#context.voters.bit(learner.sid);
    }
    if (this.#phase === "synchronisation") this.#checkNewLeaderAcks();
    else this.#activate(learner);
  }

  #checkNewLeaderAcks(): void {
    const { voters, sid } = this.#context;
    // Only of those in `votes` is it known that they hold nothing which this leader does not; and
    // those who have gone again would not follow it.
    const agreed = this.#discovery.votes & this.#learners.joinedVoters();
    const acks = this.#newLeaderAcks & agreed;
    if (this.#phase !== "synchronisation" || !voters.isQuorum(acks, "new-leader")) return;
    // A leader's own copy of the initial history may still be on its way to disk elsewhere.
    if ((this.#newLeaderAcks & voters.bit(sid)) === 0) return;
    this.#beginService();
  }

  /** What was proposed of configurations before is committed as all of the initial history is. */
  #beginService(): void {
    const { configs, sid, nowMs, timing } = this.#context;
    const remains = remainsLeader(this.#context, configs.newest);
    configs.activate(configs.newest);
    settleIdentity(this.#context);
    this.#phase = remains ? "broadcast" : "resigned";
    if (remains) {
      this.#nextPingAtMs = nowMs + timing.tickMs / 2;
      announceService(this.#context, "leading", this.epoch, sid);
    } else this.#retirement.begin();
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
    const isAwaited = this.#learners.hasVote(learner) && learner.stage === "syncing";
    if (!isAwaited || this.#phase !== "synchronisation") return;
    // Where too few are left, one that gets on brings no quorum.
    if (voters.isQuorum(this.#learners.joinedVoters(), "new-leader")) this.#progressAtMs = nowMs;
  }

  #receivePing(learner: Learner, { zxid, data }: QuorumPacket): void {
    if (!this.#learners.answered(learner)) return;
    // Observers acknowledge nothing; but they answer in order.
    const hasReached = !learner.isFollower && zxid > learner.reachedZxid;
    if (hasReached && zxid <= this.#lastProposed) learner.reachedZxid = zxid;
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
    while (!this.#retirement.hasBegun) {
      const proposal = this.#proposals.takeCommitted();
      if (proposal === undefined) break;
      const { entry, next } = proposal;
      this.#syncs.confirmBefore(entry.zxid);
      if (next !== undefined) this.#reconfigure(proposal, next);
      else {
        outbox.broadcast(this.#learners.followers, PacketType.commit, entry.zxid);
        outbox.broadcast(this.#learners.observers, PacketType.inform, entry.zxid, entry.payload);
      }
      deliver(this.#context, entry);
    }
    this.#settleSyncs();
  }

  #reconfigure(committed: Proposal, next: Membership): void {
    const designated = activateEverywhere(this.#parts, committed, next);
    if (designated !== this.#context.sid) this.#retirement.begin(designated);
  }

  #checkRetired(): void {
    if (this.#retirement.isDone) this.#end("Another server is to lead by the new configuration");
  }

  #settleSyncs(): void {
    this.#syncs.settle(this.#proposals.oldest);
  }

  #end(reason: string): void {
    this.#over ??= reason;
  }
}
