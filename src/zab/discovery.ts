/**
 * The first half of a leader's way into service (ZAB's discovery): a quorum of voters says which
 * epochs it has accepted, the leader chooses a higher one and accepts it itself, then a quorum
 * acknowledges it. Only one leader can win a quorum for an epoch.
 */
import { PacketType, encodeLeaderInfo, makeZxid, zxidEpoch } from "../wire/index.ts";
import type { Learner } from "./learner-table.ts";
import { acceptEpoch } from "./peer-context.ts";
import type { PeerContext } from "./peer-context.ts";

/** Highest epoch: epochs are kept as int32. */
export const epochMax = 0x7fffffff;

/**
 * How far a voter may have gone ahead in epochs, each of which takes an election: 12 days with one
 * in a second. Whoever says to be further is not believed, for the epochs would soon be used up.
 */
export const epochJumpMax = 2 ** 20;

/** LEADERINFO: tells a learner the epoch. */
export function tellEpoch(learner: Learner, epoch: number, { outbox, volume }: PeerContext): void {
  learner.stage = "informed";
  const body = encodeLeaderInfo({
    takesProgress: true,
    ensembleId: volume.ensembleId ?? undefined,
  });
  outbox.send(learner.link, PacketType.leaderInfo, makeZxid(epoch, 0), body);
}

export class Discovery {
  readonly #context: PeerContext;
  /** currentEpoch and last zxid at the election: no follower of the quorum may be ahead. */
  readonly #initial: { readonly epoch: number; readonly zxid: bigint };
  #epoch = 0;
  /** Whether this server has durably accepted the epoch, so that it may be told to others. */
  #isAccepted = false;
  /** Highest epoch that a voter counted in `#votes` has accepted. */
  #acceptedEpochMax: number;
  /** Voters that have said what they accepted; once the epoch is chosen, that accepted it. */
  #votes: number;

  constructor(context: PeerContext) {
    this.#context = context;
    this.#initial = { epoch: context.currentEpoch, zxid: context.history.last };
    this.#votes = context.voters.bit(context.sid);
    // What made the membership was done in an epoch: any leader of it comes later.
    const membershipEpoch = zxidEpoch(context.configs.newest.version);
    this.#acceptedEpochMax = Math.max(context.acceptedEpoch, membershipEpoch);
    this.#chooseEpoch();
  }

  /** The new epoch; 0 until it is chosen. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Whether there is no epoch left to choose. */
  get isExhausted(): boolean {
    return this.#acceptedEpochMax >= epochMax;
  }

  /** Once the epoch is chosen: voters that accepted it, and were not ahead when they did. */
  get votes(): number {
    return this.#votes;
  }

  /** Whether a quorum has accepted the epoch. */
  get isDone(): boolean {
    return this.#isAccepted && this.#context.voters.isQuorum(this.#votes, "epoch");
  }

  /** The operation that makes the own acceptance durable is done. */
  confirmAccepted(): void {
    this.#isAccepted = true;
  }

  /** Tells a learner the epoch, as soon as it may be told and the learner is known. */
  inform(learner: Learner): void {
    if (this.#isAccepted && learner.stage === "identified") {
      tellEpoch(learner, this.#epoch, this.#context);
    }
  }

  /** Before the epoch is chosen: a voter says which one it has accepted. */
  receiveAccepted(learner: Learner, acceptedEpoch: number): void {
    this.#acceptedEpochMax = Math.max(this.#acceptedEpochMax, acceptedEpoch);
    this.#votes |= this.#context.voters.bit(learner.sid);
    this.#chooseEpoch();
  }

  /** Whether a learner may have accepted this epoch, as far as is known here. */
  isPlausible(acceptedEpoch: number): boolean {
    return acceptedEpoch <= Math.max(this.#acceptedEpochMax, this.#epoch) + epochJumpMax;
  }

  /**
   * A voter has lost what it promised: with its disk, as it says, or as it is seen to be below an
   * epoch that it has accepted.
   */
  forget(sid: bigint): void {
    if (this.#epoch !== 0) this.#votes &= ~this.#context.voters.bit(sid);
  }

  /** A voter accepts the epoch; false when its history is ahead of the leader's. */
  receiveAck(learner: Learner, currentEpoch: number): boolean {
    const { epoch, zxid } = this.#initial;
    const isAhead = currentEpoch > epoch || (currentEpoch === epoch && learner.lastZxid > zxid);
    if (!isAhead) this.#votes |= this.#context.voters.bit(learner.sid);
    return !isAhead;
  }

  #chooseEpoch(): void {
    const { voters, sid } = this.#context;
    if (this.#epoch !== 0 || !voters.isQuorum(this.#votes, "epoch")) return;
    if (this.isExhausted) return;
    this.#epoch = 1 + this.#acceptedEpochMax;
    this.#votes = voters.bit(sid);
    acceptEpoch(this.#context, this.#epoch);
  }
}
