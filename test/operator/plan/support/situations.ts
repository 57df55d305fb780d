/**
 * Situations for property tests: an ensemble at rest, with a few things changed at once. Most of
 * what is dangerous is near to rest; what is far from it makes the planner wait.
 */
import fc from "fast-check";
import type {
  EnsembleObserved,
  EnsembleWanted,
  ImportReading,
  ObservedEnsembleMember,
} from "../../../../src/operator/plan/index.ts";
import { atRest, importedServers, joined, report, wanted } from "./observations.ts";
import type { ObservedPod, ObservedReport } from "./observations.ts";

export interface Situation {
  readonly wanted: EnsembleWanted;
  readonly observed: EnsembleObserved;
}

type Change = (observed: EnsembleObserved) => EnsembleObserved;

const sidAny = fc.constantFrom(1, 2, 3, 4, 5, 101, 102);

const podChangeAny: fc.Arbitrary<Partial<ObservedPod>> = fc.constantFrom(
  { isCurrent: false },
  { isCurrent: false },
  { isCurrent: false, isReady: false },
  { isReady: false },
  { state: "pending", isReady: false },
  { state: "terminating", isReady: false },
  { trouble: "crashLooping", restarts: 9, isReady: false },
  { trouble: "imageUnavailable", isCurrent: false, isReady: false },
);

const reportChangeAny: fc.Arbitrary<Partial<ObservedReport>> = fc.constantFrom(
  { isSynced: false },
  { lag: 1001 },
  { lag: null },
  { epoch: 2 },
  { role: "leader", epoch: 2 },
  { role: "leader" },
  { role: "none", isSynced: false },
  { role: "learner", isSynced: false },
  { diskProblem: "foreign" },
  { diskProblem: "incomplete" },
  { ensembleUid: "theirs" },
  { ensembleUid: null },
);

const growthAny: fc.Arbitrary<ObservedEnsembleMember["claims"][number]["growth"]> = fc.constantFrom(
  "short",
  "refused",
  "underway",
  "awaitsRestart",
  "failed",
);

const changeAny: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(sidAny, podChangeAny).map(([sid, pod]) => changePod(sid, pod)) },
  {
    weight: 2,
    arbitrary: fc.tuple(sidAny, reportChangeAny).map(([sid, report]) => changeReport(sid, report)),
  },
  sidAny.map((sid) => changeMember(sid, { pod: null, report: null })),
  sidAny.map((sid) => changeMember(sid, { report: null })),
  fc.tuple(sidAny, fc.constantFrom("lost" as const, "terminating" as const)).map(([sid, state]) =>
    changeMember(sid, {
      claims: [
        {
          name: "data",
          uid: `claim-${sid}`,
          state,
          ensembleUid: "ours",
          growth: "none",
          firstSid: 1,
        },
      ],
    }),
  ),
  fc
    .tuple(sidAny, fc.constantFrom(null, "theirs"))
    .map(([sid, ensembleUid]) => changeClaims(sid, ensembleUid)),
  fc.constant(beginAnew),
  fc.tuple(sidAny, growthAny).map(([sid, growth]) => changeGrowth(sid, growth)),
  sidAny.map(dismiss),
  fc.constantFrom<Change>(
    (observed) => ({ ...observed, committed: null }),
    (observed) => ({ ...observed, failedHandOvers: 3 }),
    serveAlone,
    outgrow("members"),
    outgrow("observers"),
    (observed) => ({ ...observed, children: { ...observed.children, isCurrent: false } }),
    (observed) => ({ ...observed, children: { ...observed.children, isSettled: false } }),
    (observed) => ({ ...observed, children: { ...observed.children, isFounding: true } }),
    (observed) => {
      if (observed.recorded.imported.length > 0) return observed;
      return { ...observed, recorded: { ...observed.recorded, phase: "Forming" } };
    },
    forgetRecord,
    (observed) => ({ ...forgetRecord(observed), members: [] }),
  ),
  fc
    .tuple(fc.nat(5), fc.nat(2), fc.boolean())
    .map(([members, observers, isRecorded]) =>
      isRecorded ? changeRecordedSizes(members, observers) : changeSizes(members, observers),
    ),
);

const importableAny: fc.Arbitrary<ImportReading | null> = fc.constantFrom(
  null,
  { kind: "servers" as const, servers: importedServers([1, 2, 3]) },
  { kind: "servers" as const, servers: importedServers([1, 2, 4]) },
  { kind: "servers" as const, servers: importedServers([2, 97]) },
  { kind: "problem" as const, reason: "NotAllowed" as const, message: "It cannot be joined" },
);

/** How many servers of another ensemble are taken over; none, most of the time. */
const oldCountAny = fc.constantFrom(0, 0, 0, 1, 3);

const rarelyAny = fc.nat(9).map((one) => one === 0);

const wantedAny = fc
  .record({
    replicas: fc.integer({ min: 1, max: 5 }),
    observers: fc.nat(2),
    isHibernated: rarelyAny,
    isDeleted: rarelyAny,
    retention: fc.record({
      whenScaled: fc.constantFrom("Retain" as const, "Delete" as const),
      whenDeleted: fc.constantFrom("Retain" as const, "Delete" as const),
    }),
  })
  .map(wanted);

/** What a user says about a lost quorum: mostly something that is almost right. */
const consentAny: fc.Arbitrary<EnsembleWanted["recovery"]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(consent({})) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      null,
      consent({ survivor: 2 }),
      consent({ survivor: 101 }),
      consent({ zxid: 1n }),
      consent({ ensembleUid: "theirs" }),
      consent({ acceptsLoss: false }),
    ),
  },
);

/** What becomes of the quorum for good; nothing, most of the time. */
const lossAny = fc.constantFrom(null, null, null, null, "lost" as const, "recovering" as const);

/** Any situation; one in three has the size that is wanted. */
export const situationAny: fc.Arbitrary<Situation> = fc
  .record({
    goal: wantedAny,
    members: fc.integer({ min: 1, max: 5 }),
    observers: fc.nat(2),
    isOfSize: fc.nat(2).map((one) => one === 0),
    changes: fc.array(changeAny, { maxLength: 4 }),
    oldCount: oldCountAny,
    takesOver: fc.boolean(),
    importable: importableAny,
    recovery: consentAny,
    loss: lossAny,
  })
  .map(({ goal, members, observers, isOfSize, changes, oldCount, loss, ...rest }) => {
    const { takesOver, importable, recovery } = rest;
    const old = Array.from({ length: oldCount }, (_, index) => index + 1);
    const sound =
      oldCount === 0
        ? atRest(members, observers)
        : { ...joined(members, observers, old), importable };
    const before = loss === null || oldCount > 0 ? sound : loseQuorum(sound, loss);
    const sized = isOfSize ? { ...goal, replicas: members, observers } : goal;
    return {
      wanted: oldCount === 0 ? { ...sized, recovery } : { ...sized, import: { takesOver } },
      observed: changes.reduce((observed, change) => change(observed), before),
    };
  });

function consent(override: Partial<NonNullable<EnsembleWanted["recovery"]>>) {
  const { zxid } = report("none");
  return { survivor: 1, ensembleUid: "ours", zxid, acceptsLoss: true, ...override };
}

/** All but the first member have lost their volumes, or are on their way to begin anew. */
function loseQuorum(observed: EnsembleObserved, loss: "lost" | "recovering"): EnsembleObserved {
  const lost = {
    ...observed,
    committed: null,
    members: observed.members.map((each) => {
      if (each.sid === 1) return { ...each, report: report("none") };
      const isDeleted = each.sid % 2 === 0;
      const claims = isDeleted ? [] : each.claims;
      return { ...each, claims, report: report("none", { zxid: 0n, diskProblem: "incomplete" }) };
    }),
  };
  if (loss === "lost") return lost;
  const { zxid } = report("none");
  const recovery = { survivor: 1, lostUid: "ours", zxid, others: [] };
  const recorded = { ...lost.recorded, phase: "Recovering", ensembleUid: "new", recovery } as const;
  return { ...lost, recorded };
}

function changeMember(sid: number, change: Partial<EnsembleObserved["members"][number]>): Change {
  return (observed) => ({
    ...observed,
    members: observed.members.map((each) => (each.sid === sid ? { ...each, ...change } : each)),
  });
}

/** The first member leads alone, and has the identity that is on record. */
function serveAlone(observed: EnsembleObserved): EnsembleObserved {
  if (observed.recorded.phase !== "Recovering") return observed;
  const words = { ensembleUid: observed.recorded.ensembleUid };
  return {
    ...changeMember(1, { report: report("leader", words) })(observed),
    committed: { version: 5n, voters: [1], observers: [] },
  };
}

/** As when the object is new; volumes may be there all the same. */
function forgetRecord(observed: EnsembleObserved): EnsembleObserved {
  const { recorded } = observed;
  return { ...observed, recorded: { ...recorded, phase: null, firstSid: 1, imported: [] } };
}

/** Nothing was written down, and there are no volumes. */
function beginAnew(observed: EnsembleObserved): EnsembleObserved {
  return {
    ...forgetRecord(observed),
    members: observed.members.map((each) => ({ ...each, claims: [] })),
  };
}

function changeClaims(sid: number, ensembleUid: string | null): Change {
  return (observed) => ({
    ...observed,
    members: observed.members.map((each) =>
      each.sid === sid
        ? { ...each, claims: each.claims.map((claim) => ({ ...claim, ensembleUid })) }
        : each,
    ),
  });
}

function changePod(sid: number, change: Partial<ObservedPod>): Change {
  return (observed) => ({
    ...observed,
    members: observed.members.map((each) =>
      each.sid === sid && each.pod !== null ? { ...each, pod: { ...each.pod, ...change } } : each,
    ),
  });
}

function changeReport(sid: number, change: Partial<ObservedReport>): Change {
  return (observed) => ({
    ...observed,
    members: observed.members.map((each) =>
      each.sid === sid && each.report !== null
        ? { ...each, report: { ...each.report, ...change } }
        : each,
    ),
  });
}

/** Out of the membership it goes; its pod stays. */
function dismiss(sid: number): Change {
  return (observed) => {
    const { committed } = observed;
    if (committed === null) return observed;
    const voters = committed.voters.filter((voter) => voter !== sid);
    const observers = committed.observers.filter((observer) => observer !== sid);
    if (voters.length === 0) return observed;
    return { ...observed, committed: { ...committed, voters, observers } };
  };
}

function changeGrowth(
  sid: number,
  growth: ObservedEnsembleMember["claims"][number]["growth"],
): Change {
  return (observed) => ({
    ...observed,
    members: observed.members.map((each) =>
      each.sid === sid
        ? { ...each, claims: each.claims.map((claim) => ({ ...claim, growth })) }
        : each,
    ),
  });
}

function outgrow(component: "members" | "observers"): Change {
  return (observed) => ({
    ...observed,
    children: { ...observed.children, outgrown: [component] },
  });
}

function changeSizes(members: number, observers: number): Change {
  return (observed) => ({
    ...observed,
    children: { ...observed.children, sizes: { members, observers } },
  });
}

function changeRecordedSizes(members: number, observers: number): Change {
  return (observed) => ({
    ...observed,
    recorded: { ...observed.recorded, sizes: { members: Math.max(1, members), observers } },
  });
}
