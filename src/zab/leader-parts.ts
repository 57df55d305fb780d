/** What the parts of a leader share. */
import type { LearnerPacing } from "./learner-pacing.ts";
import type { LearnerTable } from "./learner-table.ts";
import type { PeerContext } from "./peer-context.ts";
import type { Proposals } from "./proposals.ts";

export interface LeaderParts {
  readonly context: PeerContext;
  readonly learners: LearnerTable;
  readonly pacing: LearnerPacing;
  readonly proposals: Proposals;
}
