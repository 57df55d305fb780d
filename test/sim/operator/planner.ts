/** Names for what the planner of whole ensembles takes and gives. */
import type {
  EnsembleObserved,
  EnsembleStep,
  EnsembleWanted,
  ObservedEnsembleMember,
} from "../../../src/operator/plan/index.ts";

export type Planner = (wanted: EnsembleWanted, observed: EnsembleObserved) => EnsembleStep;
export type Action = EnsembleStep["action"];
export type ObservedPod = NonNullable<ObservedEnsembleMember["pod"]>;
export type ObservedReport = NonNullable<ObservedEnsembleMember["report"]>;
export type ObservedClaim = ObservedEnsembleMember["claims"][number];
