/**
 * The leader's side of ZAB 1.0 (ZooKeeper 3.9 `Leader`, `LearnerHandler`): discovery (a quorum
 * agrees on a new epoch), synchronisation (a quorum takes over the leader's history), broadcast
 * (proposals are committed in order once a quorum has them on disk). `discovery.ts`,
 * `synchronise-learner.ts`, `new-leader-acks.ts` and `broadcast.ts` are its parts; this is who
 * decides when.
 *
 * Invariants, besides those of the parts:
 * 1. LEADERINFO for an epoch is sent only after this server durably accepted that epoch.
 * 2. Nothing is proposed or committed before a quorum has the initial history of the epoch.
 * 3. From the proposal of a reconfiguration on until it is committed, whatever this leader decides
 *    needs a quorum of the old and of the new configuration; there is one at a time.
 */
import { assert } from "../base/index.ts";
import { PacketType, formatHex, makeZxid, zxidCounter, zxidEpoch } from "../wire/index.ts";
import type { QuorumPacket } from "../wire/index.ts";
import { Broadcast } from "./broadcast.ts";
import { Discovery } from "./discovery.ts";
import { nameNewEnsemble, settleIdentity } from "./ensemble-identity.ts";
import type { HistoryEntry } from "./history.ts";
import { HandOver } from "./hand-over.ts";
import type { LeaderParts } from "./leader-parts.ts";
import { findReconfigProblem, nameConfiguration, remainsLeader } from "./leader-reconfig.ts";
import type { ReconfigProblem } from "./leader-reconfig.ts";
import { renewsFor, showEpoch } from "./later-epochs.ts";
import { LearnerPacing } from "./learner-pacing.ts";
import { LearnerTable, lagBehind, noteReached } from "./learner-table.ts";
import type { Learner } from "./learner-table.ts";
import type { Membership } from "./membership.ts";
import { NewLeaderAcks } from "./new-leader-acks.ts";
import { announceService, enterEpoch } from "./peer-context.ts";
import type { PeerContext, RoleMachine, Successor } from "./peer-context.ts";
import { Proposals } from "./proposals.ts";
import { QuorumWait } from "./quorum-wait.ts";
import type { DiskOp, LearnerHost, LinkId, LogPlace } from "./ready.ts";
import { Retirement } from "./retirement.ts";
import { endSynchronisation, synchroniseLearner } from "./synchronise-learner.ts";

type Phase =
  | "discovery"
  | "synchronisation"
  | "broadcast"
  /** The initial history is committed, and with it a configuration that others are to lead. */
  | "resigned";

export class Leader implements RoleMachine, LearnerHost {
  readonly handOver: HandOver;
  readonly #context: PeerContext;
  readonly #learners: LearnerTable;
  readonly #discovery: Discovery;
  readonly #parts: LeaderParts;
  readonly #quorumWait: QuorumWait;
  readonly #newLeaderAcks: NewLeaderAcks;
  readonly #retirement: Retirement;
  readonly #broadcast: Broadcast;
  #phase: Phase = "discovery";
  #over: string | undefined;

  constructor(context: PeerContext) {
    this.#context = context;
    const learners = new LearnerTable(context);
    this.#learners = learners;
    this.#discovery = new Discovery(context);
    this.handOver = new HandOver(context, learners);
    this.#retirement = new Retirement(context, learners);
    const pacing = new LearnerPacing(context, learners);
    this.#parts = { context, learners, pacing, proposals: new Proposals(context) };
    this.#quorumWait = new QuorumWait(context, learners);
    this.#newLeaderAcks = new NewLeaderAcks(context, learners, this.#discovery);
    this.#broadcast = new Broadcast(this.#parts, this.#retirement);
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
    return this.#broadcast.lastProposed;
  }

  /** zxid that the next proposal will have. */
  get nextZxid(): bigint {
    return this.newestZxid + 1n;
  }

  /** Syncs that are not answered yet. */
  get pendingSyncCount(): number {
    return this.#broadcast.pendingSyncCount;
  }

  get outstandingCount(): number {
    return this.#parts.proposals.length;
  }

  /** Learners in synchronisation or after it, for status reports. */
  learners(): IterableIterator<Learner> {
    return this.#learners.all();
  }

  undecided(): readonly HistoryEntry[] {
    return this.#parts.proposals.entries();
  }

  links(): Iterable<LinkId> {
    return this.#learners.linkIds();
  }

  /** How many transactions of this epoch a learner is not known to have. */
  lagOf(learner: Learner): number {
    return lagBehind(this.newestZxid, learner);
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
    this.#broadcast.propose(entry);
    if (zxidCounter(entry.zxid) >= this.#context.counterMax) {
      this.#end("The epoch's transaction counter is used up");
    }
  }

  /**
   * Has `token` answered in `Ready.syncs` once all that is proposed so far is committed and a
   * quorum has confirmed that it still follows.
   */
  sync(token: unknown): void {
    this.#broadcast.sync({ token });
  }

  /** The same for a learner, who is sent SYNC between the commits before and after. */
  syncLearner(link: LinkId): void {
    this.#broadcast.sync({ link });
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
      this.#newLeaderAcks.add(this.#context.sid);
      this.#checkNewLeaderAcks();
    }
  }

  tick(): void {
    this.#learners.dropSilent(this.isServing);
    if (this.#retirement.hasBegun) {
      this.#checkRetired();
      return;
    }
    if (!this.isServing) {
      const isEpochOpen = this.epoch === 0;
      if (isEpochOpen && this.#discovery.isExhausted) this.#end("No higher epoch is left");
      if (this.#quorumWait.isOver(isEpochOpen)) this.#end(`No quorum in ${this.#phase}`);
    }
    if (this.#phase !== "discovery") {
      // Those that had to wait may have had their turn come.
      for (const learner of this.#learners.all()) this.#synchronise(learner);
    }
    if (!this.isServing) return;
    if (this.#quorumWait.isLost()) {
      this.#end("No quorum of followers");
      return;
    }
    this.handOver.advance(this.#broadcast.isQuiet ? this.newestZxid : undefined);
    this.#broadcast.tick();
  }

  linkProgress(link: LinkId): void {
    const learner = this.#learners.get(link);
    if (learner !== undefined) this.#noteProgress(learner);
  }

  linkOverfull(link: LinkId, queuedBytes: number): void {
    const learner = this.#learners.get(link);
    if (learner !== undefined) this.#parts.pacing.judge(learner, queuedBytes);
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
        this.#broadcast.receivePing(learner, packet);
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
    const isVoter = this.#learners.hasVote(learner);
    if (isVoter && this.epoch === 0) this.#discovery.receiveAccepted(learner, learnerEpoch);
    else if (learnerEpoch > this.epoch && (isVoter || this.isServing)) {
      this.#receiveLaterEpoch(learner, learnerEpoch);
      return;
    }
    this.#discovery.inform(learner);
  }

  /**
   * A server has promised a later epoch to a leader that never came to be, or is of another history
   * that a majority has lost. Only a new election can let it in, whose epoch will be higher. A
   * leader in service ends only where nobody can win by that server's history, or all that was
   * acknowledged since might be lost.
   */
  #receiveLaterEpoch(learner: Learner, epoch: number): void {
    const reason = `Server ${learner.sid} has accepted epoch ${epoch}, above ${this.epoch}`;
    if (!this.isServing) this.#end(reason);
    else if (this.canPropose && renewsFor(this.#context, this, learner, epoch)) this.#end(reason);
    else {
      this.#context.logger.warn("Keeping out a server of a later epoch", { reason });
      showEpoch(this.#context, learner, this.epoch);
    }
  }

  /**
   * What the server of this id had promised and acknowledged before is gone with its disk, or was
   * another server's. It must not help this leader into service, nor anything to be committed that
   * this learner does not get from now on.
   */
  #forget({ sid, isIncomplete }: Learner): void {
    if (isIncomplete) this.#parts.proposals.withdraw(sid);
    if (this.isServing) return;
    this.#discovery.forget(sid);
    this.#newLeaderAcks.forget(sid);
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
    const start = makeZxid(this.epoch, 0);
    this.#broadcast.beginEpoch(start);
    nameConfiguration(this.#context, start);
    enterEpoch(this.#context, this.epoch);
    for (const learner of this.#learners.all()) this.#synchronise(learner);
  }

  #synchronise(learner: Learner): void {
    if (learner.stage !== "acked-epoch") return;
    const { configs } = this.#context;
    synchroniseLearner(learner, this.#parts, {
      epoch: this.epoch,
      // ZooKeeper's learners put it in force at once. The newest one is committed with the initial
      // history; but what a leader in service has proposed may never be.
      config: this.isServing ? configs.active : configs.newest,
      proposals: ({ sid, isFollower }) => (isFollower ? this.#parts.proposals.resend(sid) : []),
    });
  }

  #receiveAck(learner: Learner, zxid: bigint): void {
    if (zxidCounter(zxid) !== 0) {
      if (!learner.isFollower) return;
      noteReached(learner, zxid);
      this.#acknowledge(learner.sid, zxid);
      return;
    }
    if (zxid !== makeZxid(this.epoch, 0) || !endSynchronisation(learner, this.#parts)) return;
    noteReached(learner, zxid);
    if (this.#learners.hasVote(learner)) this.#newLeaderAcks.add(learner.sid);
    if (this.#phase === "synchronisation") this.#checkNewLeaderAcks();
    else this.#activate(learner);
  }

  #checkNewLeaderAcks(): void {
    if (this.#phase === "synchronisation" && this.#newLeaderAcks.isQuorum) this.#beginService();
  }

  /** What was proposed of configurations before is committed as all of the initial history is. */
  #beginService(): void {
    const { configs, sid } = this.#context;
    const remains = remainsLeader(this.#context, configs.newest);
    configs.activate(configs.newest);
    settleIdentity(this.#context);
    this.#phase = remains ? "broadcast" : "resigned";
    if (remains) {
      this.#broadcast.delayPing();
      announceService(this.#context, "leading", this.epoch, sid);
    } else this.#retirement.begin();
    for (const learner of this.#learners.all()) this.#activate(learner);
  }

  #activate(learner: Learner): void {
    if (learner.stage !== "acked-new-leader") return;
    if (!learner.isIncomplete) this.#learners.activate(learner);
    // Its vote will count from then on: a quorum without it must still be following.
    else this.#broadcast.sync({ admitted: learner });
  }

  #noteProgress(learner: Learner): void {
    learner.heardAtMs = this.#context.nowMs;
    if (this.#phase === "synchronisation") this.#quorumWait.note(learner);
  }

  #acknowledge(sid: bigint, zxid: bigint): void {
    this.#parts.proposals.acknowledge(sid, zxid);
    if (this.isServing) this.#broadcast.commit();
  }

  #checkRetired(): void {
    if (this.#retirement.isDone) this.#end("Another server is to lead by the new configuration");
  }

  #end(reason: string): void {
    this.#over ??= reason;
  }
}
