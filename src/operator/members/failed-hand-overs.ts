/**
 * Hand-overs that failed in a row, and under whom: after some of them the planner has a leader
 * stopped without. It may be forgotten at any moment.
 */
export class FailedHandOvers {
  #leader: number | null = null;
  #count = 0;

  /** One has failed while `leader` led. */
  note(leader: number): void {
    this.#count = this.under(leader) + 1;
  }

  /** How many have failed in a row under this leader; what was under another one is forgotten. */
  under(leader: number | null): number {
    if (leader === null) return 0;
    if (leader !== this.#leader) this.#count = 0;
    this.#leader = leader;
    return this.#count;
  }
}
