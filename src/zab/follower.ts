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
import {
  JuteReader,
  JuteWriter,
  PacketType,
  QuorumConfigError,
  WireError,
  decodeLeaderInfo,
  formatHex,
  makeZxid,
  payloadZxid,
  writeLearnerInfo,
  zabProtocolVersion,
  zxidEpoch,
} from "../wire/index.ts";
import type { QuorumPacket } from "../wire/index.ts";
import { LearnerReconfig } from "./learner-reconfig.ts";
import { reconfiguration } from "./membership.ts";
import { follows } from "./history.ts";
import type { HistoryEntry } from "./history.ts";
import {
  acceptEpoch,
  announceService,
  deliver,
  enterEpoch,
  saveVolume,
  startDiskOp,
} from "./peer-context.ts";
import type { PeerContext, RoleMachine, Successor } from "./peer-context.ts";
import { epochJumpMax, epochMax } from "./discovery.ts";
import { adoptIdentity, identityConflict, settleIdentity } from "./ensemble-identity.ts";
import { incompleteSid } from "./learner-table.ts";
import { PendingProposals } from "./pending-proposals.ts";
import { isHandOverPacket, receiveHandOver } from "./receive-hand-over.ts";
import type { DiskOp, LinkId } from "./ready.ts";

type Phase = "dialing" | "discovery" | "synchronisation" | "new-leader" | "made-whole" | "active";

export class Follower implements RoleMachine {
  readonly #context: PeerContext;
  readonly #leader: bigint;
  readonly #reconfig: LearnerReconfig;
  /** When joining last got on, or began. */
  #progressAtMs: number;
  /** The leader takes PROGRESS. */
  #leaderTakesProgress = false;
  /** When it was sent last; what has moved since has not been told. */
  #progressToldAtMs = 0;
  readonly #nextLink: () => LinkId;
  readonly #pending: PendingProposals;
  #phase: Phase = "dialing";
  #over: string | undefined;
  #link: LinkId | undefined;
  #dialsLeft: number;
  #redialAtMs: number | undefined;
  #heardAtMs: number;
  #epoch = 0;
  #ackEpochBody: Buffer | undefined;
  /** Identity that the leader says its ensemble has. */
  #ensembleId: string | undefined;
  /** What was logged before the epoch was entered is not acknowledged one by one. */
  #enterEpochSeq = Infinity;
  /** Packets that wait until the history has been cut or replaced. */
  #held: QuorumPacket[] | undefined;
  /** Where the snapshot stands that the leader sends; -1 when it sends none. */
  #snapshotZxid = -1n;
  /** The log could not be cut to what this leader wanted: only its snapshot will do. */
  #wantsSnapshot = false;
  #successor: Successor | undefined;

  constructor(context: PeerContext, leader: bigint, nextLink: () => LinkId) {
    this.#context = context;
    this.#leader = leader;
    this.#reconfig = new LearnerReconfig(context, leader);
    this.#nextLink = nextLink;
    this.#pending = new PendingProposals(context);
    this.#progressAtMs = context.nowMs;
    this.#heardAtMs = context.nowMs;
    this.#dialsLeft = context.timing.dialAttempts;
    this.#dial();
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
    return this.#epoch;
  }

  get leader(): bigint {
    return this.#leader;
  }

  get link(): LinkId | undefined {
    return this.#link;
  }

  get newestZxid(): bigint {
    return this.#pending.newestZxid;
  }

  undecided(): readonly HistoryEntry[] {
    return this.#pending.logged();
  }

  links(): Iterable<LinkId> {
    return this.#link === undefined ? [] : [this.#link];
  }

  tick(): void {
    const { nowMs, timing } = this.#context;
    if (this.#redialAtMs !== undefined && nowMs >= this.#redialAtMs) this.#dial();
    if (this.#phase === "active") {
      const silentMs = nowMs - this.#heardAtMs;
      if (silentMs > timing.syncLimitTicks * timing.tickMs) this.#end("The leader is silent");
      return;
    }
    if (nowMs - this.#progressAtMs > timing.initLimitTicks * timing.tickMs) {
      this.#end(`Joining the leader took too long, in ${this.#phase}`);
      return;
    }
    this.#tellProgress();
  }

  linkOpened(link: LinkId): void {
    if (link !== this.#link || this.#phase !== "dialing") return;
    const { sid, configs, acceptedEpoch, outbox, volume } = this.#context;
    this.#phase = "discovery";
    const writer = new JuteWriter(32);
    writeLearnerInfo(writer, {
      sid: volume.isIncomplete ? incompleteSid(sid) : sid,
      protocolVersion: zabProtocolVersion,
      configVersion: configs.active.version,
      ensembleId: volume.isIdSettled ? (volume.ensembleId ?? undefined) : undefined,
      knowsHandOver: true,
    });
    const type = this.isObserver ? PacketType.observerInfo : PacketType.followerInfo;
    outbox.send(link, type, makeZxid(acceptedEpoch, 0), writer.takeCopy());
  }

  linkClosed(link: LinkId): void {
    if (link !== this.#link || this.#successor !== undefined) return;
    this.#link = undefined;
    if (this.#phase === "dialing" && this.#dialsLeft > 0) {
      this.#redialAtMs = this.#context.nowMs + this.#context.timing.dialRetryMs;
    } else {
      this.#end("The link to the leader is gone");
    }
  }

  linkProgress(link: LinkId): void {
    if (link === this.#link) this.#noteProgress();
  }

  receivePacket(link: LinkId, packet: QuorumPacket): void {
    if (link !== this.#link || (this.#over ?? this.#successor) !== undefined) return;
    this.#heardAtMs = this.#context.nowMs;
    this.#noteProgress();
    if (this.#held !== undefined) this.#held.push(packet);
    else this.#handle(packet);
  }

  durable(op: DiskOp): void {
    const link = this.#link;
    if (link === undefined || this.#over !== undefined) return;
    this.#noteProgress();
    const { outbox, history } = this.#context;
    if (op.kind === "append") {
      if (!this.isObserver && op.seq > this.#enterEpochSeq) {
        outbox.send(link, PacketType.ack, op.entry.zxid);
      }
    } else if (op.kind === "accepted-epoch") {
      this.#sendAckEpoch(link);
    } else if (op.kind === "current-epoch") {
      outbox.send(link, PacketType.ack, makeZxid(this.#epoch, 0));
    } else if (op.kind === "volume") {
      if (this.#phase === "made-whole") this.#end("The disk is whole: joining under its own id");
    } else if (op.kind !== "active-config") {
      if (history.last === op.zxid) this.#release();
      else this.#joinAgain(link, history.last > op.zxid);
    }
  }

  /** What counts is what comes after the leader has begun to send its history. */
  #noteProgress(): void {
    if (this.#phase !== "synchronisation" && this.#phase !== "new-leader") return;
    this.#progressAtMs = this.#context.nowMs;
  }

  /** Tells the leader from time to time that this server is busy with what it was sent. */
  #tellProgress(): void {
    const { nowMs, timing, history, outbox } = this.#context;
    const isDue =
      this.#progressAtMs > this.#progressToldAtMs &&
      nowMs - this.#progressToldAtMs >= timing.tickMs / 2;
    if (!isDue || !this.#leaderTakesProgress || this.#link === undefined) return;
    if (this.#phase !== "synchronisation" && this.#phase !== "new-leader") return;
    this.#progressToldAtMs = nowMs;
    outbox.send(this.#link, PacketType.progress, history.last);
  }

  /**
   * The log does not end where the leader wanted it cut: either it lacks the transaction of that
   * zxid, or it cannot be cut so far. The same leader is asked for something else. Its epoch is
   * accepted already, so that what is said of the own history this time counts for nothing else.
   */
  #joinAgain(link: LinkId, wantsSnapshot: boolean): void {
    const { outbox, nowMs, timing, logger } = this.#context;
    logger.info("Joining again, as the log was cut elsewhere", { wantsSnapshot });
    outbox.pending.closes.push(link);
    this.#link = undefined;
    this.#phase = "dialing";
    this.#epoch = 0;
    this.#held = undefined;
    this.#snapshotZxid = -1n;
    this.#wantsSnapshot = wantsSnapshot;
    if (this.#dialsLeft > 0) this.#redialAtMs = nowMs + timing.dialRetryMs;
    else this.#end("The leader cannot be followed");
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
    if (this.#phase !== "discovery" || this.#epoch !== 0) {
      this.#end("Unexpected LEADERINFO");
      return;
    }
    const { acceptedEpoch, currentEpoch } = this.#context;
    const info = decodeLeaderInfo(packet.data);
    this.#leaderTakesProgress = info.takesProgress === true;
    this.#ensembleId = info.ensembleId;
    const conflict = identityConflict(this.#context, this.#ensembleId);
    if (conflict !== undefined) {
      this.#context.rejection = conflict;
      this.#end(`Leader ${this.#leader} cannot be followed. ${conflict}`);
      return;
    }
    this.#context.rejection = undefined;
    this.#epoch = zxidEpoch(packet.zxid);
    if (!this.#isPlausible(this.#epoch)) {
      this.#end(`The leader's epoch ${this.#epoch} is far above the accepted ${acceptedEpoch}`);
      return;
    }
    if (this.#epoch < acceptedEpoch) {
      this.#end(`The leader's epoch ${this.#epoch} is below the accepted ${acceptedEpoch}`);
      return;
    }
    const body = Buffer.alloc(4);
    // In a new epoch the leader goes by what is said: no word but the truth.
    if (this.#epoch > acceptedEpoch) this.#wantsSnapshot = false;
    // An epoch that was accepted before must not be counted for it a second time.
    body.writeInt32BE(this.#epoch === acceptedEpoch ? -1 : currentEpoch, 0);
    this.#ackEpochBody = body;
    acceptEpoch(this.#context, this.#epoch);
  }

  /** A server that knows of no epoch yet has to believe what it is told, within the format. */
  #isPlausible(epoch: number): boolean {
    const { acceptedEpoch, volume } = this.#context;
    const isNew = acceptedEpoch === 0 || volume.isIncomplete;
    return epoch <= (isNew ? epochMax : Math.min(acceptedEpoch + epochJumpMax, epochMax));
  }

  #sendAckEpoch(link: LinkId): void {
    const { outbox, history } = this.#context;
    // To the start of an epoch that is yet to come, a leader can only answer with a snapshot.
    const zxid = this.#wantsSnapshot ? makeZxid(this.#epoch + 1, 0) : history.last;
    outbox.send(link, PacketType.ackEpoch, zxid, this.#ackEpochBody ?? null);
  }

  #receiveSyncStart(packet: QuorumPacket): void {
    if (this.#phase !== "discovery" || this.#epoch === 0) {
      this.#end("Unexpected start of synchronisation");
      return;
    }
    const { outbox, logger } = this.#context;
    if (this.#wantsSnapshot && packet.type !== PacketType.snap) {
      this.#end("The leader offers no snapshot, and nothing else will do");
      return;
    }
    this.#phase = "synchronisation";
    this.#noteProgress();
    this.#progressToldAtMs = this.#progressAtMs;
    const { zxid } = packet;
    if (packet.type === PacketType.diff) return;
    logger.info("History is cut or replaced", { type: packet.type, zxid: formatHex(zxid) });
    this.#held = [];
    if (packet.type === PacketType.trunc) {
      startDiskOp(this.#context, { seq: outbox.nextSeq(), kind: "truncate", zxid });
    } else if (this.#link !== undefined) {
      const link = this.#link;
      this.#snapshotZxid = zxid;
      startDiskOp(this.#context, { seq: outbox.nextSeq(), kind: "install-snapshot", link, zxid });
    }
  }

  /** Goes on with what came while the history was being replaced. */
  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const [index, packet] of held.entries()) {
      if (this.#over !== undefined) return;
      this.#handle(packet);
      // Handling may begin to hold packets again.
      if (this.#held !== undefined) {
        this.#held = [...this.#held, ...held.slice(index + 1)];
        return;
      }
    }
  }

  #receiveProposal(packet: QuorumPacket): void {
    const last = this.newestZxid;
    const { zxid, data } = packet;
    if (data === null || this.#phase === "dialing" || this.#phase === "discovery") {
      this.#end("Unexpected proposal");
      return;
    }
    if (this.#isInSnapshot(zxid)) return;
    if (!follows(last, zxid) || payloadZxid(data) !== zxid) {
      this.#end(`Proposal ${formatHex(zxid)} does not follow ${formatHex(last)}`);
      return;
    }
    const entry = { zxid, payload: data };
    const next = reconfiguration(entry);
    if (next !== undefined) this.#context.configs.see(next);
    this.#pending.push(entry);
    if (this.#phase !== "synchronisation") this.#pending.logAll();
  }

  /**
   * A leader of Apache's forwards what it proposes from one moment on, and a moment later asks its
   * tree where the snapshot stands: what was decided in between is sent as well as in the snapshot.
   */
  #isInSnapshot(zxid: bigint): boolean {
    return this.#phase === "synchronisation" && zxid <= this.#snapshotZxid;
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
    if (activation === null) return;
    const next = reconfiguration(entry);
    if (next === undefined) this.#end(`Transaction ${formatHex(zxid)} is no reconfiguration`);
    else this.#end(this.#reconfig.activate(next, new JuteReader(activation).readLong()));
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
    if (this.#phase !== "synchronisation" || packet.zxid !== makeZxid(this.#epoch, 0)) {
      this.#end("Unexpected NEWLEADER");
      return;
    }
    this.#phase = "new-leader";
    this.#reconfig.receiveNewLeader(packet.data);
    adoptIdentity(this.#context, this.#ensembleId);
    this.#enterEpochSeq = enterEpoch(this.#context, this.#epoch).seq;
    this.#pending.logAll();
  }

  #receiveUpToDate(): void {
    const { outbox, volume } = this.#context;
    if (this.#phase !== "new-leader" || this.#link === undefined) {
      this.#end("Unexpected UPTODATE");
      return;
    }
    if (volume.isIncomplete) {
      this.#phase = "made-whole";
      saveVolume(this.#context, { isIncomplete: false, isIdSettled: volume.ensembleId !== null });
      return;
    }
    settleIdentity(this.#context);
    outbox.send(this.#link, PacketType.ack, makeZxid(this.#epoch, 0));
    this.#end(this.#reconfig.receiveUpToDate());
    if (this.#over !== undefined) return;
    this.#phase = "active";
    const role = this.isObserver ? "observing" : "following";
    announceService(this.#context, role, this.#epoch, this.#leader);
  }

  #receiveOther(packet: QuorumPacket): void {
    const { outbox } = this.#context;
    if (isHandOverPacket(packet) && this.#phase === "active") {
      this.#successor = receiveHandOver(packet, this.#context, this.newestZxid);
    } else if (packet.type === PacketType.ping) {
      outbox.pending.events.push({ kind: "ping", zxid: packet.zxid });
    } else if (packet.type === PacketType.sync) {
      outbox.answerSync(undefined);
    } else if (packet.type === PacketType.revalidate) {
      outbox.pending.events.push({ kind: "packet", link: this.#link ?? -1, packet });
    } else {
      this.#end(`Unexpected packet type ${packet.type}`);
    }
  }

  #dial(): void {
    this.#redialAtMs = undefined;
    this.#dialsLeft -= 1;
    this.#link = this.#nextLink();
    this.#context.outbox.pending.dials.push({ link: this.#link, sid: this.#leader });
  }

  #end(reason: string | undefined): void {
    this.#over ??= reason;
  }
}
