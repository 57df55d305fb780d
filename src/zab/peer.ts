/**
 * One server's replication core: election, then leading or following, then election again. It is
 * a synchronous state machine; `Ready` says what it wants done, and its header in `ready.ts` how
 * a driver serves it. It knows nothing of nodes or sessions: payloads are bytes.
 *
 * Between two roles the peer waits until everything it gave to the disk is durable, and takes
 * over as its history all that is in its log: so a vote never claims more than the disk holds,
 * and an acknowledged transaction is never forgotten.
 */
import { assert } from "../base/index.ts";
import { PeerState, QuorumConfigError, WireError } from "../wire/index.ts";
import type { Notification, QuorumPacket } from "../wire/index.ts";
import { createContext } from "./create-context.ts";
import { DiskOps } from "./disk-ops.ts";
import { EarlyVotes } from "./early-votes.ts";
import { Election, uninitialisedZxid } from "./election.ts";
import { Follower } from "./follower.ts";
import type { HistoryEntry } from "./history.ts";
import { Leader } from "./leader.ts";
import type { Learner } from "./learner-table.ts";
import { parseMembership } from "./membership.ts";
import type { Membership } from "./membership.ts";
import { deliver, hasVote, observerPauseMs } from "./peer-context.ts";
import type { PeerContext, Rejection, Successor } from "./peer-context.ts";
import type { ObserverMaster } from "./observer-master.ts";
import type { PeerOptions } from "./peer-options.ts";
import { Outbox } from "./ready.ts";
import type { LearnerHost, LinkId, LogPlace, Ready, Role } from "./ready.ts";
import type { SyncOrigin } from "./sync-queue.ts";
import type { Vote } from "./vote.ts";

/** Links dialled by the peer have odd ids; a driver gives even ids to inbound ones. */
const firstDialledLink = 1;

export class Peer {
  readonly #context: PeerContext;
  readonly #outbox = new Outbox();
  readonly #election: Election;
  #role: Leader | Follower | undefined;
  #isElecting = false;
  /** The vote that led to the role in force, told to servers that are looking. */
  #vote: Vote | undefined;
  readonly #early = new EarlyVotes();
  /** Whom the last leader wants to be elected next. */
  #successor: Successor | undefined;
  /** Who leads next by a reconfiguration, without an election. */
  #designated: bigint | undefined;
  /** Those that are not durable yet. */
  readonly #diskOps = new DiskOps(this.#outbox);
  #nextLink: LinkId = firstDialledLink;
  /** No election begins before. */
  #searchAtMs = 0;

  constructor(options: PeerOptions) {
    this.#context = createContext(options, this.#outbox);
    const { sid, configs, timing, outbox, logger } = this.#context;
    this.#election = new Election({ sid, configs, timing, outbox, logger });
  }

  get role(): Role {
    if (this.#role === undefined) return "looking";
    if (this.#role instanceof Leader) return "leading";
    return this.#role.isObserver ? "observing" : "following";
  }

  /** Whether this server's disk has to be made whole by a leader before its vote counts. */
  get isIncomplete(): boolean {
    return this.#context.volume.isIncomplete;
  }

  /** Why the leader that was found last cannot be followed, if somebody has to do something. */
  get rejection(): Rejection | undefined {
    return this.#context.rejection;
  }

  /** Identity of the ensemble that this server's disk belongs to; null when it has none. */
  get ensembleId(): string | null {
    return this.#context.volume.ensembleId;
  }

  /**
   * The other voters that said in this election that their disks are not whole, when those who are
   * left, heard or not, are no quorum without them; else none.
   */
  get votersMissed(): readonly bigint[] {
    return this.#isElecting ? this.#election.votersMissed : [];
  }

  /** Id of the server that this one leads as or follows; undefined while it looks for one. */
  get leaderSid(): bigint | undefined {
    return this.#vote?.leader;
  }

  /** Whether clients may be served. */
  get isServing(): boolean {
    return this.#role?.isServing ?? false;
  }

  /** Newest transaction that is part of this server's state. */
  get lastZxid(): bigint {
    return this.#context.history.last;
  }

  /** Newest transaction that this server has heard of, decided or not. */
  get newestZxid(): bigint {
    return this.#role?.newestZxid ?? this.lastZxid;
  }

  get currentEpoch(): number {
    return this.#context.currentEpoch;
  }

  get acceptedEpoch(): number {
    return this.#context.acceptedEpoch;
  }

  /** The configuration in force, as far as this server knows. */
  get membership(): Membership {
    return this.#context.configs.active;
  }

  /** A newer configuration that was proposed and is not known to be committed. */
  get lastSeen(): Membership | undefined {
    return this.#context.configs.lastSeen;
  }

  /** The link to the leader, on a learner that has one. */
  get leaderLink(): LinkId | undefined {
    return this.#role instanceof Follower ? this.#role.link : undefined;
  }

  /** Whoever serves observers, on a follower in service that does. */
  get observerMaster(): ObserverMaster | undefined {
    return this.#role instanceof Follower && this.isServing ? this.#role.observerMaster : undefined;
  }

  /** The servers that learn from this one. */
  learners(): Iterable<Learner> {
    return (this.leader ?? this.observerMaster)?.learners() ?? [];
  }

  /** The leading half, for proposing; undefined unless this server leads, serves and will go on. */
  get leader(): Leader | undefined {
    if (!(this.#role instanceof Leader) || !this.#role.canPropose) return undefined;
    return this.#role.successor === undefined ? this.#role : undefined;
  }

  /**
   * Says what time it is without letting deadlines pass: for inputs that come before `tick`, so
   * that who spoke during a stall of this process is not taken for silent after it.
   */
  setTime(nowMs: number): void {
    assert(nowMs >= this.#context.nowMs, "time does not go back");
    this.#context.nowMs = nowMs;
  }

  /** Time passes; call at least every few ten milliseconds. */
  tick(nowMs: number): void {
    this.setTime(nowMs);
    if (this.#role !== undefined) this.#role.tick();
    else if (this.#isElecting) this.#election.tick(nowMs);
    this.#settle();
  }

  /**
   * Gives up the role in force, as when a quorum is lost: for a driver that can hold no more. The
   * next election begins when everything given to the disk is durable.
   */
  stepDown(reason: string): void {
    this.#diskOps.record(this.#role);
    this.#leaveRole(reason);
    this.#settle();
  }

  receiveNotification(from: bigint, notification: Notification): void {
    const { nowMs } = this.#context;
    if (this.#role === undefined && this.#context.configs.learn(notification.config)) {
      // Other voters count from now on, and whoever was designated may be none.
      this.#isElecting = false;
      this.#designated = undefined;
      this.#early.keep(from, notification, nowMs);
    } else if (this.#isElecting) {
      this.#election.receive(from, notification, nowMs);
    } else {
      this.#early.keep(from, notification, nowMs);
      if (notification.state === PeerState.looking && this.#vote !== undefined) {
        this.#election.reply(from, this.#state(), this.#currentVote(this.#vote));
      }
    }
    this.#settle();
  }

  /** A learner has connected; refused by closing it where none are taken. */
  linkAccepted(link: LinkId): void {
    const host = this.#learnerHost;
    if (host === undefined) this.#outbox.pending.closes.push(link);
    else host.linkOpened(link);
  }

  /** A dial of this peer has succeeded. */
  linkOpened(link: LinkId): void {
    if (this.#role instanceof Follower && this.#role.link === link) this.#role.linkOpened(link);
    else this.#outbox.pending.closes.push(link);
  }

  /** A link is gone, or a dial failed. */
  linkClosed(link: LinkId): void {
    this.#role?.linkClosed(link);
    this.#settle();
  }

  /** The other end of a link has taken bytes, or a snapshot that comes on it has got on. */
  linkProgress(link: LinkId): void {
    this.#role?.linkProgress(link);
  }

  /** So much waits for a link that this has to be judged. */
  linkOverfull(link: LinkId, queuedBytes: number): void {
    this.#learnerHost?.linkOverfull(link, queuedBytes);
    this.#settle();
  }

  /** Bytes that may wait for a link without anybody's having to judge. */
  get linkBytesMax(): number {
    return this.#context.learnerLimits.queuedBytesMax;
  }

  /** Answers a lookup; undefined when the log has nothing for the learner, or too much. */
  logFound(link: LinkId, place: LogPlace | undefined): void {
    this.#learnerHost?.logFound(link, place);
    this.#settle();
  }

  receivePacket(link: LinkId, packet: QuorumPacket): void {
    try {
      this.#role?.receivePacket(link, packet);
    } catch (error) {
      const isBadInput = error instanceof WireError || error instanceof QuorumConfigError;
      if (!isBadInput) throw error;
      this.#context.logger.warn("Closing link after a bad packet", { link, reason: error.message });
      this.#outbox.pending.closes.push(link);
      this.#role?.linkClosed(link);
    }
    this.#settle();
  }

  /** A sync was sent to the leader: who is to have the answer. Only on a learner in service. */
  syncSent(asked: SyncOrigin): void {
    assert(this.#role instanceof Follower, "only a learner has a leader to ask");
    this.#role.syncSent(asked);
  }

  /** All disk operations up to `seq` are durable. */
  persisted(seq: number): void {
    this.#diskOps.persisted(seq, this.#role);
    this.#settle();
  }

  /**
   * The `truncate` or `install-snapshot` operation `seq` is durable and the state is rebuilt; it
   * ends at `lastZxid`. A truncation that the disk has no snapshot for changes nothing and says so
   * by a `lastZxid` above the one wanted; so does a snapshot that did not come to its end.
   *
   * @param configText the configuration in the state, the newest there is at `lastZxid`; needed
   *   where configurations change.
   */
  replaced(seq: number, lastZxid: bigint, configText?: string): void {
    const { history, configs } = this.#context;
    const isTruncation = this.#diskOps.find(seq)?.kind === "truncate";
    if (isTruncation) history.truncate(lastZxid);
    else history.reset(lastZxid);
    if (configs.isChangeable) {
      assert(configText !== undefined, "a state tells its configuration");
      configs.historyReplaced(parseMembership(configText));
    }
    this.persisted(seq);
  }

  /** Takes what is to be done. */
  ready(): Ready {
    this.#settle();
    this.#diskOps.handedOut();
    return this.#outbox.take();
  }

  get #learnerHost(): LearnerHost | undefined {
    return this.#role instanceof Leader ? this.#role : this.observerMaster;
  }

  #settle(): void {
    this.#diskOps.record(this.#role);
    const { over, successor } = this.#role ?? {};
    if (over !== undefined) {
      this.#leaveRole(over);
    } else if (successor !== undefined && this.#outbox.pending.deliver.length === 0) {
      this.#leaveRole("The leader hands over", successor);
    }
    if (this.#role === undefined && !this.#isElecting) this.#search();
    if (this.#isElecting && this.#election.winner !== undefined) {
      this.#enterRole(this.#election.winner);
    }
    this.#diskOps.record(this.#role);
  }

  #search(): void {
    if (this.#diskOps.length > 0 || this.#context.nowMs < this.#searchAtMs) return;
    const designated = this.#designated;
    this.#designated = undefined;
    // An incomplete disk must not lead, whoever designates it.
    const isAble = designated !== this.#context.sid || hasVote(this.#context);
    if (designated !== undefined && isAble) this.#follow(designated);
    else this.#startElection();
  }

  /** Takes the place that a reconfiguration has given: it leads, or follows who does. */
  #follow(leader: bigint): void {
    const { history, currentEpoch } = this.#context;
    const electionEpoch = this.#election.round;
    const peerEpoch = BigInt(currentEpoch);
    this.#early.clear();
    const state = PeerState.looking;
    this.#enterRole({ leader, zxid: history.last, peerEpoch, electionEpoch, state });
  }

  #startElection(): void {
    const { sid, history, currentEpoch, nowMs, timing, voters } = this.#context;
    const successor = this.#successor;
    this.#successor = undefined;
    if (successor !== undefined && !hasVote(this.#context) && voters.has(successor.leader)) {
      // Nobody would tell a server without a vote how the election ends before it asks again.
      const electionEpoch = this.#election.round;
      this.#enterRole({ ...successor, electionEpoch, state: PeerState.leading });
      return;
    }
    this.#isElecting = true;
    // A disk that is not whole may hold a part of a history, which is no reason to be elected.
    const zxid = this.isIncomplete ? uninitialisedZxid : history.last;
    const own = { leader: sid, zxid, peerEpoch: BigInt(currentEpoch) };
    this.#election.start(own, nowMs, successor);
    // Who said it longer ago and still looks has said so again since.
    for (const [from, notification] of this.#early.take(nowMs - timing.rebroadcastMinMs)) {
      this.#election.receive(from, notification, nowMs);
    }
  }

  #enterRole(winner: Vote): void {
    this.#isElecting = false;
    this.#vote = winner;
    this.#role =
      winner.leader === this.#context.sid
        ? new Leader(this.#context)
        : new Follower(this.#context, winner.leader, () => this.#takeLink());
    this.#reportRole();
  }

  #leaveRole(reason: string, successor?: Successor): void {
    const role = this.#role;
    if (role === undefined) return;
    this.#context.logger.warn("Looking for a leader again", { reason, role: this.role });
    for (const link of role.links()) this.#outbox.pending.closes.push(link);
    // A snapshot would be taken of a state that has the undecided transactions in it.
    this.#outbox.dropSnapshots();
    const undecided: readonly HistoryEntry[] = role.undecided();
    const isLost = successor === undefined && role.designated === undefined;
    const { nowMs, observers } = this.#context;
    if (isLost)
      this.#searchAtMs = nowMs + observerPauseMs(this.#context, observers.electionDelayMs);
    this.#role = undefined;
    this.#designated = role.designated;
    this.#vote = undefined;
    this.#successor = successor;
    this.#reportRole(successor !== undefined);
    for (const entry of undecided) deliver(this.#context, entry);
  }

  #reportRole(isHandOver = false): void {
    const { role } = this;
    const leader = this.#vote?.leader;
    const event = { kind: "role", role, serving: false, epoch: 0, leader, isHandOver } as const;
    this.#outbox.pending.events.push(event);
  }

  #takeLink(): LinkId {
    const link = this.#nextLink;
    this.#nextLink += 2;
    return link;
  }

  #state(): PeerState {
    if (this.#role instanceof Leader) return PeerState.leading;
    return this.role === "following" ? PeerState.following : PeerState.observing;
  }

  /** Once an epoch is established, votes name it: latecomers compare it with their leader's. */
  #currentVote(vote: Vote): Vote {
    const electionEpoch = this.#election.round;
    if (!this.isServing) return { ...vote, electionEpoch };
    return { ...vote, electionEpoch, peerEpoch: BigInt(this.#role?.epoch ?? 0) };
  }
}
