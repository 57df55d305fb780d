/**
 * How long a leader that is not in service yet waits for its quorum: as long as voters that may
 * still make it one get on with what they are sent.
 */
import type { Learner, LearnerTable } from "./learner-table.ts";
import type { PeerContext } from "./peer-context.ts";

export class QuorumWait {
  readonly #context: PeerContext;
  readonly #learners: LearnerTable;
  /** When a voter that the quorum may wait for last took something of its synchronisation. */
  #progressAtMs: number;

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

  /** During synchronisation: a learner has got on. */
  note(learner: Learner): void {
    if (learner.stage !== "syncing" || !this.#learners.hasVote(learner)) return;
    const { nowMs, voters } = this.#context;
    // Where too few are left, one that gets on brings no quorum.
    if (voters.isQuorum(this.#learners.joinedVoters(), "new-leader")) this.#progressAtMs = nowMs;
  }
}
