/** Builders of what the planner of whole ensembles is told: all is well unless told otherwise. */
import type {
  EnsembleObserved,
  EnsembleWanted,
  ObservedEnsembleMember,
} from "../../../../src/operator/plan/index.ts";

export type ObservedPod = NonNullable<ObservedEnsembleMember["pod"]>;
export type ObservedReport = NonNullable<ObservedEnsembleMember["report"]>;

/** The identity of the ensemble in all tests. */
const ENSEMBLE_UID = "ours";

export function wanted(override: Partial<EnsembleWanted> = {}): EnsembleWanted {
  return {
    replicas: 3,
    observers: 0,
    isPaused: false,
    isHibernated: false,
    isDeleted: false,
    retention: { whenScaled: "Retain", whenDeleted: "Retain" },
    ...override,
  };
}

function pod(sid: number, override: Partial<ObservedPod> = {}): ObservedPod {
  return {
    uid: `pod-${sid}`,
    state: "running",
    isCurrent: true,
    isReady: true,
    restarts: 0,
    trouble: null,
    ...override,
  };
}

export function report(
  role: ObservedReport["role"],
  override: Partial<ObservedReport> = {},
): ObservedReport {
  return {
    role,
    zxid: 0x1_0000_0010n,
    epoch: 1,
    lag: role === "none" ? null : 0,
    configVersion: 5n,
    isSynced: role !== "none",
    ensembleUid: ENSEMBLE_UID,
    diskProblem: null,
    ...override,
  };
}

/** A sound member: 1 leads, those from 101 observe, the others follow. */
export function member(sid: number): ObservedEnsembleMember {
  const role = sid === 1 ? "leader" : sid > 100 ? "observer" : "follower";
  return {
    sid,
    pod: pod(sid),
    claims: [
      {
        name: `data-${sid}`,
        uid: `claim-${sid}`,
        state: "bound",
        ensembleUid: ENSEMBLE_UID,
        growth: "none",
      },
    ],
    report: report(role),
  };
}

/** The ids of so many members and observers. */
function sids(members: number, observers: number): number[] {
  return [
    ...Array.from({ length: members }, (_, index) => index + 1),
    ...Array.from({ length: observers }, (_, index) => index + 101),
  ];
}

/** An ensemble of so many sound members and observers, at rest. */
export function atRest(members: number, observers = 0): EnsembleObserved {
  const sizes = { members, observers };
  return {
    recorded: { phase: "Running", founders: [], ensembleUid: ENSEMBLE_UID, sizes },
    children: { isCurrent: true, isSettled: true, isFounding: false, sizes, outgrown: [] },
    committed: { version: 5n, voters: sids(members, 0), observers: sids(0, observers) },
    members: sids(members, observers).map(member),
    failedHandOvers: 0,
  };
}
