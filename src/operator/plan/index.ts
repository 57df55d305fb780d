/** The face of `operator/plan/`: what to do next, as a pure function. */
export type { EnsembleAction, EnsembleStep } from "./ensemble-action.ts";
export type {
  EnsembleObserved,
  ObservedMember as ObservedEnsembleMember,
} from "./ensemble-observed.ts";
export type { EnsembleWanted } from "./ensemble-wanted.ts";
export type { MemberRole, Observed, ObservedMember } from "./observed.ts";
export { isServing, plan } from "./plan.ts";
export { planEnsemble } from "./plan-ensemble.ts";
export type { Action } from "./plan.ts";
