/**
 * The learners that are connected to a leader, and how far each has come. It knows who gets
 * proposals and who is alive; what is sent to whom when is the leader's business.
 */
import { JuteReader, WireError, readLearnerInfo } from "../wire/index.ts";
import type { PeerContext } from "./peer-context.ts";
import type { DropCause, LinkId, LogPlace } from "./ready.ts";

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
  /** Follows as a voter; false for observers. */
  isVoter: boolean;
  /** Last zxid in its log when it connected. */
  lastZxid: bigint;
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
      isVoter: false,
      lastZxid: 0n,
      logPlace: "none",
      method: "diff",
      heardAtMs: this.#context.nowMs,
      pingsDue: 0,
      roundAnswered: 0,
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
    if (info.configVersion > this.#context.membership.version) {
      this.drop(learner, `Its configuration ${info.configVersion} is newer than ours`);
      return false;
    }
    for (const other of this.#byLink.values()) {
      // The same server again: what it had before is gone.
      const isSame = other.stage !== "connected" && other.sid === info.sid;
      if (isSame) this.drop(other, "Replaced by a newer connection", "replaced");
    }
    learner.stage = "identified";
    learner.sid = info.sid;
    learner.isVoter = isFollower && this.#context.voters.has(info.sid);
    return true;
  }

  startForwarding(learner: Learner): void {
    learner.stage = "syncing";
    learner.heardAtMs = this.#context.nowMs;
    if (learner.isVoter) this.#followers = [...this.#followers, learner.link];
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

  /** Notes the answer to the oldest PING in flight; false when there is none. */
  answered(learner: Learner): boolean {
    if (learner.pingsDue === 0) {
      this.drop(learner, "PING that nobody asked for");
      return false;
    }
    learner.pingsDue -= 1;
    // Whoever is in service gets the PING of every round, and answers in order.
    learner.roundAnswered = this.#round - learner.pingsDue;
    return true;
  }

  /** Mask of the voters that have answered `round` or a later one, this server included. */
  votersAfter(round: number): number {
    const { voters, sid } = this.#context;
    let mask = voters.bit(sid);
    for (const learner of this.#byLink.values()) {
      if (learner.isVoter && learner.roundAnswered >= round) mask |= voters.bit(learner.sid);
    }
    return mask;
  }

  /** Mask of the voters that are synced and were heard lately, this server included. */
  liveVoters(): number {
    const { voters, sid } = this.#context;
    let mask = voters.bit(sid);
    for (const learner of this.#byLink.values()) {
      if (learner.stage === "synced" && learner.isVoter) mask |= voters.bit(learner.sid);
    }
    return mask;
  }

  /** Mask of the voters that are connected and get history or have it, this server included. */
  joinedVoters(): number {
    const { voters, sid } = this.#context;
    let mask = voters.bit(sid);
    for (const { stage, isVoter, sid: other } of this.#byLink.values()) {
      const hasJoined = stage === "syncing" || stage === "acked-new-leader" || stage === "synced";
      if (hasJoined && isVoter) mask |= voters.bit(other);
    }
    return mask;
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
