/**
 * What the planner is told: the goal, and what an adapter sees of each member right now. Pods and
 * local processes look the same from here. Times are milliseconds of the adapter's monotonic
 * clock.
 */

/** What a member's process is doing. */
export type ProcessState =
  /** Not there: never started, or ended. */
  | "stopped"
  /** There, and not asked to stop. */
  | "running"
  /** Asked to stop, and still there. */
  | "stopping";

/** What a member says of itself; `none` when it does not answer or serves nobody. */
export type MemberRole = "leader" | "follower" | "observer" | "standalone" | "none";

/** One member as it is now. */
export interface ObservedMember {
  /** The server id, 1 or more. */
  readonly id: number;
  /** Whether its files are what the specification asks for. */
  readonly configured: boolean;
  readonly process: ProcessState;
  readonly role: MemberRole;
  /** Unexpected ends of its process since it last served for a while. */
  readonly failures: number;
  /** When the process last ended, or was asked to stop; null when neither has happened. */
  readonly changedAtMs: number | null;
}

/** An ensemble as it is now. */
export interface Observed {
  /** Number of members that its data was made for; null when there is none yet. */
  readonly bootstrappedReplicas: number | null;
  /** Whether the quorum has served since the adapter started. */
  readonly hasServed: boolean;
  /** By ascending id; those that the specification asks for. */
  readonly members: readonly ObservedMember[];
}

/** What is wanted. */
export interface PlanSpec {
  readonly replicas: number;
  /** Whether the ensemble is to run, or to stop with its data in order. */
  readonly goal: "run" | "stop";
}
