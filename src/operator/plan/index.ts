/** The face of `operator/plan/`: what to do next, as a pure function. */
export { describeConditions } from "./conditions.ts";
export type { EnsembleStep } from "./ensemble-action.ts";
export type {
  EnsembleObserved,
  ObservedMember as ObservedEnsembleMember,
} from "./ensemble-observed.ts";
export type { EnsembleWanted } from "./ensemble-wanted.ts";
export { describeMembers } from "./member-status.ts";
export type { MemberRole, Observed, ObservedMember } from "./observed.ts";
export { isServing, plan } from "./plan.ts";
export { planEnsemble } from "./plan-ensemble.ts";
export type { Action } from "./plan.ts";
