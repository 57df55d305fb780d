/**
 * The learners that are connected to a leader, and how far each has come. It knows who gets
 * proposals and who is alive; what is sent to whom when is the leader's business.
 */
import {
  JuteReader,
  PacketType,
  WireError,
  encodeLeaderInfo,
  formatHex,
  readLearnerInfo,
  zxidCounter,
  zxidEpoch,
} from "../wire/index.ts";
import type { LearnerHistory, QuorumPacket } from "../wire/index.ts";
import { identityConflict } from "./ensemble-identity.ts";
import type { PeerContext } from "./peer-context.ts";
import type { Voters } from "./quorum.ts";
import type { DropCause, LearnerOddity, LinkId, LogPlace } from "./ready.ts";

/** How far a learner has come, in this order. */
export type LearnerStage =
  | "connected"
  /** Said who it is. */
  | "identified"
  /** Was told the epoch. */
  | "informed"
  | "acked-epoch"
  /** Gets history and proposals. */
  | "syncing"
  | "acked-new-leader"
  | "synced";

/** One connected learner. */
export interface Learner {
  readonly link: LinkId;
  stage: LearnerStage;
  sid: bigint;
  /**
   * Gets proposals; false for observers, who get what is committed. Whether it has a vote is a
   * matter of the configuration.
   */
  isFollower: boolean;
  /** Says that its disk is not whole; it counts for nothing. */
  isIncomplete: boolean;
  /** Newest zxid in its log: as it said, and from `syncing` on as what it was sent makes it. */
  lastZxid: bigint;
  /** Newest zxid that it has said to have: followers on disk, observers received. */
  reachedZxid: bigint;
  /** What the leader's log has for it: "none" before it was asked, null when it has nothing. */
  logPlace: LogPlace | null | "none" | "asked";
  /** What it is brought up to date by. */
  method: "diff" | "snap";
  /** The last sign of life: a packet from it, or bytes that it took. */
  heardAtMs: number;
  /** PINGs sent to it that it has not answered. */
  pingsDue: number;
  /** The newest round whose PING it has answered; 0 for none. */
  roundAnswered: number;
  /** Whether it understands the packets of a hand-over. */
  knowsHandOver: boolean;
  /** Where its history ended when it connected; undefined when it does not say. */
  history: LearnerHistory | undefined;
  /** Whether it was asked to send no more requests, and has said that it does not. */
  hold: "none" | "asked" | "holding";
}

/**
 * The id by which a server joins whose disk is not whole: a negative one, as ZooKeeper's leaders
 * give to observers that tell them none, so that no leader counts it for a quorum. It is the
 * own id in another form: `incompleteSid(incompleteSid(sid)) === sid`.
 */
export function incompleteSid(sid: bigint): bigint {
  return ~sid;
}

/** A learner has said to have everything up to `zxid`. */
export function noteReached(learner: Learner, zxid: bigint): void {
  if (zxid > learner.reachedZxid) learner.reachedZxid = zxid;
}

/** How many transactions of the epoch of `zxid`, up to it, a learner is not known to have. */
export function lagBehind(zxid: bigint, { reachedZxid }: Learner): number {
  const isSameEpoch = zxidEpoch(reachedZxid) === zxidEpoch(zxid);
  return zxidCounter(zxid) - (isSameEpoch ? zxidCounter(reachedZxid) : 0);
}

export class LearnerTable {
  readonly #context: PeerContext;
  readonly #byLink = new Map<LinkId, Learner>();
  /** Links that get proposals and commits; replaced, never changed. */
  #followers: readonly LinkId[] = [];
  /** Links that get transactions once they are committed. */
  #observers: readonly LinkId[] = [];
  #round = 0;

  constructor(context: PeerContext) {
    this.#context = context;
  }

  /** Number of the newest round of PINGs. */
  get round(): number {
    return this.#round;
  }

  get followers(): readonly LinkId[] {
    return this.#followers;
  }

  get observers(): readonly LinkId[] {
    return this.#observers;
  }

  all(): IterableIterator<Learner> {
    return this.#byLink.values();
  }

  linkIds(): IterableIterator<LinkId> {
    return this.#byLink.keys();
  }

  get(link: LinkId): Learner | undefined {
    return this.#byLink.get(link);
  }

  add(link: LinkId): void {
    this.#byLink.set(link, {
      link,
      stage: "connected",
      sid: -1n,
      isFollower: false,
      isIncomplete: false,
      lastZxid: 0n,
      reachedZxid: 0n,
      logPlace: "none",
      method: "diff",
      heardAtMs: this.#context.nowMs,
      pingsDue: 0,
      roundAnswered: 0,
      knowsHandOver: false,
      history: undefined,
      hold: "none",
    });
  }

  /** @param cause why the leader ends the link; undefined when it did not. */
  remove(link: LinkId, cause?: DropCause): void {
    const learner = this.#byLink.get(link);
    if (learner === undefined) return;
    this.#byLink.delete(link);
    this.#followers = this.#followers.filter((id) => id !== link);
    this.#observers = this.#observers.filter((id) => id !== link);
    if (learner.stage === "connected") return;
    const { sid } = learner;
    this.#context.outbox.pending.events.push({ kind: "learner-lost", link, sid, cause });
  }

  /** Closes the learner's link. */
  drop(learner: Learner, reason: string, cause: DropCause = "protocol"): void {
    this.#context.logger.warn("Dropping learner", { learner: learner.sid, reason });
    this.#context.outbox.pending.closes.push(learner.link);
    this.remove(learner.link, cause);
  }

  /** Takes in FOLLOWERINFO or OBSERVERINFO; false when the learner was refused. */
  identify(learner: Learner, data: Buffer | null, isFollower: boolean): boolean {
    if (learner.stage !== "connected" || data === null) {
      this.drop(learner, "Unexpected learner information");
      return false;
    }
    let info;
    try {
      info = readLearnerInfo(new JuteReader(data));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.drop(learner, error.message);
      return false;
    }
    if (info.configVersion > this.#context.configs.newest.version) {
      this.drop(learner, `Its configuration ${formatHex(info.configVersion)} is newer than ours`);
      return false;
    }
    const isIncomplete = !isFollower && this.#isMember(incompleteSid(info.sid));
    const sid = isIncomplete ? incompleteSid(info.sid) : info.sid;
    const oddity = this.#oddityOf(sid, info.ensembleId);
    const { link } = learner;
    if (oddity === "joiner") this.#tellOf(link, sid, oddity);
    else if (oddity !== undefined) {
      learner.sid = sid;
      if (oddity === "foreign") this.#tellWhoseLeader(learner);
      else this.refuse(learner, oddity);
      return false;
    }
    for (const other of this.#byLink.values()) {
      // The same server again: what it had before is gone.
      const isSame = other.stage !== "connected" && other.sid === sid;
      if (isSame) this.drop(other, "Replaced by a newer connection", "replaced");
    }
    learner.stage = "identified";
    learner.sid = sid;
    learner.isFollower = isFollower;
    learner.isIncomplete = isIncomplete;
    learner.knowsHandOver = info.knowsHandOver === true;
    learner.history = info.history;
    return true;
  }

  /** Closes the link of a learner that is odd, and tells of it. */
  refuse({ link, sid }: Learner, oddity: LearnerOddity): void {
    this.#tellOf(link, sid, oddity);
    this.#context.outbox.pending.closes.push(link);
    this.remove(link);
  }

  /** The learner is to know why: it ends the link when it sees whose leader this is. */
  #tellWhoseLeader({ link, sid }: Learner): void {
    this.#tellOf(link, sid, "foreign");
    const { outbox, volume } = this.#context;
    const body = encodeLeaderInfo({ ensembleId: volume.ensembleId ?? undefined });
    outbox.send(link, PacketType.leaderInfo, 0n, body);
  }

  #tellOf(link: LinkId, sid: bigint, oddity: LearnerOddity): void {
    this.#context.outbox.pending.events.push({ kind: "odd-learner", oddity, sid, link });
  }

  #isMember(sid: bigint): boolean {
    return this.#context.configs.isMember(sid);
  }

  #oddityOf(sid: bigint, ensembleId: string | undefined): LearnerOddity | undefined {
    const { configs, timing, nowMs } = this.#context;
    if (identityConflict(this.#context, ensembleId) !== undefined) return "foreign";
    for (const other of this.#byLink.values()) {
      // One that is in service answers a PING every half tick. If it is gone it is silent.
      const isWell = other.stage === "synced" && nowMs - other.heardAtMs <= timing.tickMs;
      if (other.sid === sid && isWell) return "duplicate";
    }
    if (sid === this.#context.sid) return "duplicate";
    if (this.#isMember(sid)) return undefined;
    return configs.takesJoiners ? "joiner" : "stranger";
  }

  /** Lets a learner that has all go into service. */
  activate(learner: Learner): void {
    const { link, knowsHandOver, history } = learner;
    const { outbox } = this.#context;
    learner.stage = "synced";
    outbox.send(link, PacketType.upToDate, -1n);
    if (!knowsHandOver || history === undefined) return;
    const { currentEpoch: fromEpoch } = history;
    outbox.pending.events.push({ kind: "keeper-synced", link, fromEpoch });
  }

  /** Takes in ACKEPOCH: returns the learner's current epoch, or undefined when it was dropped. */
  acknowledgeEpoch(learner: Learner, { zxid, data }: QuorumPacket): number | undefined {
    if (learner.stage !== "informed" || data === null) {
      this.drop(learner, "Unexpected ACKEPOCH");
      return undefined;
    }
    learner.stage = "acked-epoch";
    learner.lastZxid = zxid;
    return new JuteReader(data).readInt();
  }

  /**
   * Whether its promise of an epoch counts, and that it has the initial history: as a voter that
   * comes as one, or as a voter by a proposed configuration only, which may not know of that.
   */
  hasVote({ isFollower, isIncomplete, sid }: Learner): boolean {
    const { voters, configs } = this.#context;
    if (isIncomplete || !voters.has(sid)) return false;
    return isFollower || !configs.electors.has(sid);
  }

  startForwarding(learner: Learner): void {
    learner.stage = "syncing";
    learner.heardAtMs = this.#context.nowMs;
    if (learner.isFollower) this.#followers = [...this.#followers, learner.link];
    else this.#observers = [...this.#observers, learner.link];
  }

  /** Begins a round of PINGs; returns the links that one is to be sent to. */
  startRound(): LinkId[] {
    this.#round += 1;
    const links: LinkId[] = [];
    for (const learner of this.#byLink.values()) {
      if (learner.stage !== "synced") continue;
      learner.pingsDue += 1;
      links.push(learner.link);
    }
    return links;
  }

  /**
   * Takes in the answer to the oldest PING in flight; false when there is none.
   *
   * @param newestZxid what the newest PING may have said.
   */
  answered(learner: Learner, { zxid, data }: QuorumPacket, newestZxid: bigint): boolean {
    if (learner.pingsDue === 0) {
      this.drop(learner, "PING that nobody asked for");
      return false;
    }
    learner.pingsDue -= 1;
    // Whoever is in service gets the PING of every round, and answers in order.
    learner.roundAnswered = this.#round - learner.pingsDue;
    // Observers acknowledge nothing; but they answer in order.
    if (!learner.isFollower && zxid <= newestZxid) noteReached(learner, zxid);
    const { events } = this.#context.outbox.pending;
    if (data !== null) events.push({ kind: "touched", sid: learner.sid, data });
    return true;
  }

  /** Mask of the voters that have answered `round` or a later one, this server included. */
  votersAfter(round: number): number {
    const { voters, sid } = this.#context;
    let mask = voters.bit(sid);
    for (const learner of this.#byLink.values()) {
      if (learner.isFollower && learner.roundAnswered >= round) mask |= voters.bit(learner.sid);
    }
    return mask;
  }

  /** Mask of those of `voters` that are synced and were heard lately, this server included. */
  liveVoters(voters: Voters = this.#context.voters): number {
    const { sid } = this.#context;
    let mask = voters.bit(sid);
    for (const learner of this.#byLink.values()) {
      if (learner.stage === "synced" && learner.isFollower) mask |= voters.bit(learner.sid);
    }
    return mask;
  }

  /** Mask of the voters that are connected and get history or have it, this server included. */
  joinedVoters(): number {
    return this.#votersWhere(
      ({ stage }) => stage === "syncing" || stage === "acked-new-leader" || stage === "synced",
    );
  }

  /** Mask of the voters that are connected and have said who they are, this server included. */
  presentVoters(): number {
    return this.#votersWhere(({ stage }) => stage !== "connected");
  }

  #votersWhere(isMeant: (learner: Learner) => boolean): number {
    const { voters, sid } = this.#context;
    let mask = voters.bit(sid);
    for (const learner of this.#byLink.values()) {
      if (isMeant(learner) && this.hasVote(learner)) mask |= voters.bit(learner.sid);
    }
    return mask;
  }

  /** Whether a leader in service has no quorum without this learner. */
  isNeeded({ stage, isFollower, sid }: Learner): boolean {
    const { voters } = this.#context;
    if (stage !== "synced" || !isFollower) return false;
    return !voters.isQuorum(this.liveVoters() & ~voters.bit(sid), "liveness");
  }

  /** Drops learners that were silent too long: syncLimit once synced, initLimit before. */
  dropSilent(isServing: boolean): void {
    const { timing, nowMs } = this.#context;
    for (const learner of [...this.#byLink.values()]) {
      const ticks =
        isServing && learner.stage === "synced" ? timing.syncLimitTicks : timing.initLimitTicks;
      const isSilent = nowMs - learner.heardAtMs > ticks * timing.tickMs;
      if (isSilent) this.drop(learner, "It is silent", "silent");
    }
  }
}
