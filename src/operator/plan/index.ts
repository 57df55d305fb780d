/** The face of `operator/plan/`: what to do next, as a pure function. */
export { describeConditions } from "./conditions.ts";
export type { EnsembleStep } from "./ensemble-action.ts";
export type {
  EnsembleObserved,
  ImportReading,
  ImportedServer,
  ObservedMember as ObservedEnsembleMember,
} from "./ensemble-observed.ts";
export type { EnsembleWanted } from "./ensemble-wanted.ts";
export { describeMembers } from "./member-status.ts";
export type { ObservedProcess, ObservedProcesses } from "./observed-process.ts";
export { planEnsemble } from "./plan-ensemble.ts";
export { planProcesses } from "./plan-processes.ts";
export type { ProcessAction } from "./plan-processes.ts";
export { followProgress, isOverdue } from "./progress.ts";
export type { Progress } from "./progress.ts";
