/**
 * The leader's side of ZAB 1.0 (ZooKeeper 3.9 `Leader`, `LearnerHandler`): discovery (a quorum
 * agrees on a new epoch), synchronisation (a quorum takes over the leader's history), broadcast
 * (proposals are committed in order once a quorum has them on disk).
 *
 * Invariants:
 * 1. LEADERINFO for an epoch is sent only after this server durably accepted that epoch.
 * 2. A proposal counts as acknowledged by this server only when it is durable here.
 * 3. Proposals are committed in zxid order, each after a quorum acknowledged it.
 * 4. What `context.history` holds has been delivered here; `#outstanding` follows it without gap.
 */
import { assert } from "../base/index.ts";
import {
  JuteReader,
  PacketType,
  formatHex,
  makeZxid,
  zxidCounter,
  zxidEpoch,
} from "../wire/index.ts";
import type { QuorumPacket } from "../wire/index.ts";
import type { HistoryEntry } from "./history.ts";
import { LearnerTable } from "./learner-table.ts";
import type { Learner } from "./learner-table.ts";
import { acceptEpoch, appendToLog, deliver, enterEpoch } from "./peer-context.ts";
import type { PeerContext, RoleMachine } from "./peer-context.ts";
import type { DiskOp, LinkId } from "./ready.ts";
import { planSync } from "./sync-plan.ts";
import { SyncQueue } from "./sync-queue.ts";

type Phase = "discovery" | "synchronisation" | "broadcast";

interface Proposal {
  readonly entry: HistoryEntry;
  /** Voters that have it on disk, as a mask. */
  acks: number;
}

const packetKind = { diff: PacketType.diff, trunc: PacketType.trunc, snap: PacketType.snap };

export class Leader implements RoleMachine {
  readonly #context: PeerContext;
  readonly #learners: LearnerTable;
  readonly #syncs: SyncQueue;
  /** currentEpoch and last zxid at the election: no follower of the quorum may be ahead. */
  readonly #initial: { readonly epoch: number; readonly zxid: bigint };
  readonly #startedAtMs: number;
  #phase: Phase = "discovery";
  #over: string | undefined;
  #epoch = 0;
  #epochAccepted = false;
  /** Highest epoch that a voter counted in `#votes` has accepted. */
  #acceptedEpochMax: number;
  /** Voters in favour of what the phase is waiting for. */
  #votes: number;
  #newLeaderAcks = 0;
  #outstanding: Proposal[] = [];
  #lastProposed = 0n;
  #nextPingAtMs = 0;

  constructor(context: PeerContext) {
    this.#context = context;
    this.#learners = new LearnerTable(context);
    this.#syncs = new SyncQueue(context, this.#learners);
    this.#initial = { epoch: context.currentEpoch, zxid: context.history.last };
    this.#startedAtMs = context.nowMs;
    this.#votes = context.voters.bit(context.sid);
    this.#acceptedEpochMax = context.acceptedEpoch;
    this.#checkEpochQuorum();
  }

  get over(): string | undefined {
    return this.#over;
  }

  get isServing(): boolean {
    return this.#phase === "broadcast" && this.#over === undefined;
  }

  get epoch(): number {
    return this.#epoch;
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
    return this.#outstanding.length;
  }

  /** Learners in synchronisation or after it, for status reports. */
  learners(): IterableIterator<Learner> {
    return this.#learners.all();
  }

  undecided(): readonly HistoryEntry[] {
    return this.#outstanding.map((proposal) => proposal.entry);
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
    this.#outstanding.push({ entry, acks: 0 });
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
      this.#epochAccepted = true;
      for (const learner of this.#learners.all()) this.#sendLeaderInfo(learner);
      this.#checkEpochAcks();
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
      const isEpochOpen = this.#epoch === 0;
      const waitMs = isEpochOpen
        ? Math.min(timing.epochWaitMs ?? Infinity, initLimitMs)
        : initLimitMs;
      if (nowMs - this.#startedAtMs > waitMs) this.#end(`No quorum in ${this.#phase}`);
      return;
    }
    if (!this.#context.voters.isQuorum(this.#learners.liveVoters(), "liveness")) {
      this.#end("No quorum of followers");
      return;
    }
    if (nowMs < this.#nextPingAtMs) return;
    this.#nextPingAtMs = nowMs + timing.tickMs / 2;
    this.#syncs.startRound(this.#lastProposed);
  }

  receivePacket(link: LinkId, packet: QuorumPacket): void {
    const learner = this.#learners.get(link);
    if (learner === undefined) return;
    learner.heardAtMs = this.#context.nowMs;
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
      case PacketType.request:
      case PacketType.revalidate:
        if (learner.stage !== "synced") this.#learners.drop(learner, "Request before sync");
        else this.#context.outbox.pending.events.push({ kind: "packet", link, packet });
        break;
      default:
        this.#learners.drop(learner, `Unexpected packet type ${packet.type}`);
    }
  }

  #receiveInfo(learner: Learner, packet: QuorumPacket): void {
    const { voters } = this.#context;
    const isFollower = packet.type === PacketType.followerInfo;
    if (!this.#learners.identify(learner, packet.data, isFollower)) return;
    const learnerEpoch = zxidEpoch(packet.zxid);
    if (this.#epoch === 0) {
      if (learner.isVoter) {
        this.#acceptedEpochMax = Math.max(this.#acceptedEpochMax, learnerEpoch);
        this.#votes |= voters.bit(learner.sid);
      }
      this.#checkEpochQuorum();
    } else if (learner.isVoter && learnerEpoch > this.#epoch) {
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
    const reason = `Voter ${learner.sid} has accepted epoch ${epoch}, above ${this.#epoch}`;
    if (this.isServing) this.#learners.drop(learner, reason);
    else this.#end(reason);
  }

  /** Chooses the epoch when a quorum has said which ones it accepted before. */
  #checkEpochQuorum(): void {
    const { voters } = this.#context;
    if (this.#epoch !== 0 || !voters.isQuorum(this.#votes, "epoch")) return;
    this.#epoch = 1 + this.#acceptedEpochMax;
    this.#votes = voters.bit(this.#context.sid);
    acceptEpoch(this.#context, this.#epoch);
  }

  #sendLeaderInfo(learner: Learner): void {
    if (!this.#epochAccepted || learner.stage !== "identified") return;
    learner.stage = "informed";
    const version = Buffer.alloc(4);
    version.writeInt32BE(0x10000, 0);
    const { outbox } = this.#context;
    outbox.send(learner.link, PacketType.leaderInfo, makeZxid(this.#epoch, 0), version);
  }

  #receiveAckEpoch(learner: Learner, packet: QuorumPacket): void {
    if (learner.stage !== "informed" || packet.data === null) {
      this.#learners.drop(learner, "Unexpected ACKEPOCH");
      return;
    }
    const currentEpoch = new JuteReader(packet.data).readInt();
    learner.stage = "acked-epoch";
    learner.lastZxid = packet.zxid;
    if (this.#phase === "discovery" && learner.isVoter && currentEpoch !== -1) {
      const isAhead =
        currentEpoch > this.#initial.epoch ||
        (currentEpoch === this.#initial.epoch && packet.zxid > this.#initial.zxid);
      if (isAhead) {
        this.#end(`Follower ${learner.sid} is ahead: ${formatHex(packet.zxid)}`);
        return;
      }
      this.#votes |= this.#context.voters.bit(learner.sid);
      this.#checkEpochAcks();
    }
    if (this.#phase !== "discovery") this.#synchronise(learner);
  }

  #checkEpochAcks(): void {
    if (this.#phase !== "discovery" || !this.#epochAccepted) return;
    if (!this.#context.voters.isQuorum(this.#votes, "epoch")) return;
    this.#phase = "synchronisation";
    this.#lastProposed = makeZxid(this.#epoch, 0);
    enterEpoch(this.#context, this.#epoch);
    for (const learner of this.#learners.all()) this.#synchronise(learner);
  }

  /** Sends what the learner lacks and adds it to those who get proposals, in one step. */
  #synchronise(learner: Learner): void {
    if (learner.stage !== "acked-epoch") return;
    const { history, outbox, membership, logger } = this.#context;
    const plan = planSync(history, learner.lastZxid);
    logger.info("Synchronising learner", {
      learner: learner.sid,
      method: plan.kind,
      learnerZxid: formatHex(learner.lastZxid),
      zxid: formatHex(plan.zxid),
      transactions: plan.entries.length,
    });
    outbox.send(learner.link, packetKind[plan.kind], plan.zxid);
    for (const entry of plan.entries) {
      outbox.send(learner.link, PacketType.proposal, entry.zxid, entry.payload);
      outbox.send(learner.link, PacketType.commit, entry.zxid);
    }
    if (learner.isVoter) {
      for (const proposal of this.#outstanding) {
        // What it acknowledged on an earlier link is being cut off its log: it has to log it again.
        proposal.acks &= ~this.#context.voters.bit(learner.sid);
        const { zxid, payload } = proposal.entry;
        outbox.send(learner.link, PacketType.proposal, zxid, payload);
      }
    }
    this.#learners.startForwarding(learner);
    const config = Buffer.from(membership.text, "utf8");
    outbox.send(learner.link, PacketType.newLeader, makeZxid(this.#epoch, 0), config);
  }

  #receiveAck(learner: Learner, zxid: bigint): void {
    if (zxidCounter(zxid) !== 0) {
      if (learner.isVoter) this.#acknowledge(learner.sid, zxid);
      return;
    }
    // The acknowledgement of NEWLEADER; one of UPTODATE follows, which says nothing more.
    if (zxid !== makeZxid(this.#epoch, 0) || learner.stage !== "syncing") return;
    learner.stage = "acked-new-leader";
    if (learner.isVoter) this.#newLeaderAcks |= this.#context.voters.bit(learner.sid);
    if (this.isServing) this.#activate(learner);
    else this.#checkNewLeaderAcks();
  }

  #checkNewLeaderAcks(): void {
    const { voters, outbox, sid, nowMs, timing } = this.#context;
    if (this.#phase !== "synchronisation" || !voters.isQuorum(this.#newLeaderAcks, "new-leader"))
      return;
    // A leader's own copy of the initial history may still be on its way to disk elsewhere.
    if ((this.#newLeaderAcks & voters.bit(sid)) === 0) return;
    this.#phase = "broadcast";
    this.#nextPingAtMs = nowMs + timing.tickMs / 2;
    outbox.pending.events.push({
      kind: "role",
      role: "leading",
      serving: true,
      epoch: this.#epoch,
      leader: sid,
    });
    for (const learner of this.#learners.all()) this.#activate(learner);
  }

  #activate(learner: Learner): void {
    if (learner.stage !== "acked-new-leader") return;
    learner.stage = "synced";
    this.#context.outbox.send(learner.link, PacketType.upToDate, -1n);
  }

  #receivePing(learner: Learner, data: Buffer | null): void {
    if (!this.#learners.answered(learner)) return;
    if (data !== null) {
      this.#context.outbox.pending.events.push({ kind: "touched", sid: learner.sid, data });
    }
    this.#settleSyncs();
  }

  #acknowledge(sid: bigint, zxid: bigint): void {
    const first = this.#outstanding[0];
    if (first === undefined || zxid < first.entry.zxid) return;
    const proposal = this.#outstanding[Number(zxid - first.entry.zxid)];
    if (proposal === undefined) return;
    proposal.acks |= this.#context.voters.bit(sid);
    if (this.isServing) this.#commit();
  }

  #commit(): void {
    const { outbox, voters } = this.#context;
    let count = 0;
    for (const proposal of this.#outstanding) {
      if (!voters.isQuorum(proposal.acks, "commit")) break;
      count += 1;
      const { entry } = proposal;
      this.#syncs.confirmBefore(entry.zxid);
      outbox.broadcast(this.#learners.followers, PacketType.commit, entry.zxid);
      outbox.broadcast(this.#learners.observers, PacketType.inform, entry.zxid, entry.payload);
      deliver(this.#context, entry);
    }
    if (count === 0) return;
    this.#outstanding.splice(0, count);
    this.#settleSyncs();
  }

  #settleSyncs(): void {
    this.#syncs.settle(this.#outstanding[0]?.entry.zxid);
  }

  #end(reason: string): void {
    this.#over ??= reason;
  }
}
