/** What the parts of a leader share, and of them what it takes to serve learners. */
import type { LearnerPacing } from "./learner-pacing.ts";
import type { LearnerTable } from "./learner-table.ts";
import type { PeerContext } from "./peer-context.ts";
import type { Proposals } from "./proposals.ts";

/** What serves learners. */
export interface LearnerParts {
  readonly context: PeerContext;
  readonly learners: LearnerTable;
  readonly pacing: LearnerPacing;
}

export interface LeaderParts extends LearnerParts {
  readonly proposals: Proposals;
}
