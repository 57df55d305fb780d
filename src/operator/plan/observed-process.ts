/**
 * What the planner of processes is told: what a machine runs of an ensemble right now. Times are
 * milliseconds of the adapter's monotonic clock.
 */

/** What a member's process is doing. */
export type ProcessState =
  /** Not there: never started, or ended. */
  | "stopped"
  /** There, and not asked to stop. */
  | "running"
  /** Asked to stop, and still there. */
  | "stopping";

/** One member's process as it is now. */
export interface ObservedProcess {
  readonly sid: number;
  /** Whether there is to be one. */
  readonly isWanted: boolean;
  readonly state: ProcessState;
  /** Whether its member led when it was last asked. */
  readonly isLeading: boolean;
  /** Unexpected ends of it since its member last served for a while. */
  readonly failures: number;
  /** When it last ended, or was asked to stop; null when neither has happened. */
  readonly changedAtMs: number | null;
}

/** All processes of an ensemble as they are now. */
export interface ObservedProcesses {
  /** Whether the ensemble is to run, or to stop with its data in order. */
  readonly goal: "run" | "stop";
  /** Whether a quorum has served since the adapter started. */
  readonly hasServed: boolean;
  /** By ascending id. */
  readonly processes: readonly ObservedProcess[];
}
