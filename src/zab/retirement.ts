/**
 * How a leader ends that is not to lead any more by a configuration that it has put in force. It
 * commits nothing from then on, and waits for its learners to leave: they have been told, but
 * to close their links could overtake what they were told.
 */
import type { LearnerTable } from "./learner-table.ts";
import type { PeerContext } from "./peer-context.ts";

export class Retirement {
  readonly #context: PeerContext;
  readonly #learners: LearnerTable;
  #designated: bigint | undefined;
  #endsAtMs: number | undefined;

  constructor(context: PeerContext, learners: LearnerTable) {
    this.#context = context;
    this.#learners = learners;
  }

  get hasBegun(): boolean {
    return this.#endsAtMs !== undefined;
  }

  /** Whether everybody has left, or has had time enough. */
  get isDone(): boolean {
    if (this.#endsAtMs === undefined) return false;
    if (this.#context.nowMs >= this.#endsAtMs) return true;
    return [...this.#learners.all()].every(({ stage }) => stage !== "synced");
  }

  /** Who is to lead next; undefined when that is to be elected. */
  get designated(): bigint | undefined {
    return this.#designated;
  }

  begin(designated?: bigint): void {
    const { nowMs, timing } = this.#context;
    this.#designated = designated;
    this.#endsAtMs = nowMs + timing.syncLimitTicks * timing.tickMs;
  }
}
