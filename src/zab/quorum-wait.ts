/**
 * How long a leader waits for its quorum: before service as long as voters that may still make it
 * one get on with what they are sent, and in service for a tick while those that are joining would
 * make it one again, or may be about to join because the leader is new. Such a voter is often a
 * moment away when another leaves, as the former leader does after a hand-over, and an election
 * would take longer.
 */
import type { Learner, LearnerTable } from "./learner-table.ts";
import type { PeerContext } from "./peer-context.ts";

export class QuorumWait {
  readonly #context: PeerContext;
  readonly #learners: LearnerTable;
  /** When a voter that the quorum may wait for last took something of its synchronisation. */
  #progressAtMs: number;
  /** Since when the leader has been in service. */
  #servingSinceMs: number | undefined;
  /** In service: since when there has been no quorum; undefined while there is one. */
  #lostAtMs: number | undefined;

  constructor(context: PeerContext, learners: LearnerTable) {
    this.#context = context;
    this.#learners = learners;
    this.#progressAtMs = context.nowMs;
  }

  /** @param isEpochOpen while the leader does not know its epoch yet. */
  isOver(isEpochOpen: boolean): boolean {
    const { nowMs, timing } = this.#context;
    const initLimitMs = timing.initLimitTicks * timing.tickMs;
    const epochWaitMs = isEpochOpen ? (timing.epochWaitMs ?? Infinity) : Infinity;
    return nowMs - this.#progressAtMs > Math.min(epochWaitMs, initLimitMs);
  }

  /** In service, at each tick: whether the leader has to go. */
  isLost(): boolean {
    const { nowMs, timing, voters } = this.#context;
    this.#servingSinceMs ??= nowMs;
    if (voters.isQuorum(this.#learners.liveVoters(), "liveness")) {
      this.#lostAtMs = undefined;
      return false;
    }
    this.#lostAtMs ??= nowMs;
    const isNew = nowMs - this.#servingSinceMs < timing.tickMs;
    const mayComeBack = isNew || voters.isQuorum(this.#learners.presentVoters(), "liveness");
    return !mayComeBack || nowMs - this.#lostAtMs > timing.tickMs;
  }

  /** During synchronisation: a learner has got on. */
  note(learner: Learner): void {
    if (learner.stage !== "syncing" || !this.#learners.hasVote(learner)) return;
    const { nowMs, voters } = this.#context;
    // Where too few are left, one that gets on brings no quorum.
    if (voters.isQuorum(this.#learners.joinedVoters(), "new-leader")) this.#progressAtMs = nowMs;
  }
}
