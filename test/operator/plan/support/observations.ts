/** Builders of what the planner of whole ensembles is told: all is well unless told otherwise. */
import type {
  EnsembleObserved,
  EnsembleWanted,
  ImportedServer,
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
    import: null,
    recovery: null,
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
    voters: null,
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
        firstSid: 1,
      },
    ],
    report: report(role),
  };
}

/** A sound server of the ensemble that is imported; 1 leads. */
export function oldServer(sid: number): ObservedEnsembleMember {
  const words = { ensembleUid: null, configVersion: 0n };
  return { sid, pod: null, claims: [], report: report(sid === 1 ? "leader" : "follower", words) };
}

/** The servers of the ensemble that is imported, as they were found. */
export function importedServers(sids: readonly number[]): ImportedServer[] {
  return sids.map((sid) => {
    return { sid, address: `old${sid}:2181`, line: `server.${sid}=old${sid}:2888:3888;2181` };
  });
}

/** The ids of so many members and observers. */
function sids(members: number, observers: number, first = 1): number[] {
  return [
    ...Array.from({ length: members }, (_, index) => index + first),
    ...Array.from({ length: observers }, (_, index) => index + 101),
  ];
}

/** So many sound members and observers in one ensemble with sound servers that are imported. */
export function joined(
  members: number,
  observers: number,
  old: readonly number[],
): EnsembleObserved {
  const rest = atRest(members, observers);
  const firstSid = Math.max(...old) + 1;
  const imported = importedServers(old);
  return {
    ...rest,
    recorded: { ...rest.recorded, phase: "Importing", firstSid, imported },
    committed: {
      version: 5n,
      voters: [...old, ...sids(members, 0, firstSid)],
      observers: sids(0, observers),
    },
    members: [
      ...old.map(oldServer),
      ...sids(members, observers, firstSid)
        .map(member)
        .map((each) => ({ ...each, claims: each.claims.map((claim) => ({ ...claim, firstSid })) })),
    ],
  };
}

/** An ensemble of so many sound members and observers, at rest. */
export function atRest(members: number, observers = 0): EnsembleObserved {
  const sizes = { members, observers };
  return {
    recorded: {
      phase: "Running",
      founders: [],
      ensembleUid: ENSEMBLE_UID,
      sizes,
      firstSid: 1,
      imported: [],
      recovery: null,
    },
    children: { isCurrent: true, isSettled: true, isFounding: false, sizes, outgrown: [] },
    committed: { version: 5n, voters: sids(members, 0), observers: sids(0, observers) },
    members: sids(members, observers).map(member),
    failedHandOvers: 0,
    importable: null,
  };
}
