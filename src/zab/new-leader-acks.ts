/**
 * Who has the initial history of a new leader's epoch, by having acknowledged NEWLEADER (the end of
 * ZAB's synchronisation): with a quorum of them the leader goes into service.
 */
import type { Discovery } from "./discovery.ts";
import type { LearnerTable } from "./learner-table.ts";
import type { PeerContext } from "./peer-context.ts";

export class NewLeaderAcks {
  readonly #context: PeerContext;
  readonly #learners: LearnerTable;
  readonly #discovery: Discovery;
  /** Voters that have it on disk, as a mask. */
  #acks = 0;

  constructor(context: PeerContext, learners: LearnerTable, discovery: Discovery) {
    this.#context = context;
    this.#learners = learners;
    this.#discovery = discovery;
  }

  /** Whether a quorum has it, this server among them. */
  get isQuorum(): boolean {
    const { voters, sid } = this.#context;
    // Only of those in `votes` is it known that they hold nothing which this leader does not; and
    // those who have gone again would not follow it.
    const agreed = this.#discovery.votes & this.#learners.joinedVoters();
    if (!voters.isQuorum(this.#acks & agreed, "new-leader")) return false;
    // A leader's own copy of the initial history may still be on its way to disk elsewhere.
    return (this.#acks & voters.bit(sid)) !== 0;
  }

  add(sid: bigint): void {
    this.#acks |= this.#context.voters.bit(sid);
  }

  forget(sid: bigint): void {
    this.#acks &= ~this.#context.voters.bit(sid);
  }
}
