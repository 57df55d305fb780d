/**
 * Planted defects: operators that lack one precaution each, by seeing something that is not so or
 * by asking for something else. The simulation must notice each of them.
 */
import { planEnsemble } from "../../../src/operator/plan/index.ts";
import type { EnsembleObserved, ObservedEnsembleMember } from "../../../src/operator/plan/index.ts";
import type { Action, ObservedClaim, Planner } from "./planner.ts";
import type { RunRequest } from "./simulation.ts";

export interface Defect extends Pick<RunRequest, "planner" | "isCareful" | "propagation"> {
  readonly name: string;
  /** The rules of which it breaks one. */
  readonly rules: readonly string[];
}

type Sees = (observed: EnsembleObserved) => EnsembleObserved;
type Asks = (action: Action, observed: EnsembleObserved, size: number) => Action;

const ALL_IS_WELL = "one disruption at a time";
const ONCE = "an ensemble is formed once";

export const defects: readonly Defect[] = [
  { name: "acts on its cache", rules: [ONCE, ALL_IS_WELL], isCareful: false },
  {
    name: "takes every voter for sound",
    rules: [ALL_IS_WELL, "those who stay are well"],
    planner: seeing((observed) => ({
      ...observed,
      members: observed.members.map((member) =>
        observed.committed?.voters.includes(member.sid) === true
          ? pretendSound(member, observed)
          : member,
      ),
    })),
  },
  {
    name: "does not wait for pods that are ending",
    rules: [ALL_IS_WELL],
    planner: seeing((observed) => ({
      ...observed,
      members: observed.members.map((member) =>
        member.pod?.state === "terminating" ? pretendSound(member, observed) : member,
      ),
    })),
  },
  {
    name: "admits members without data",
    rules: ["a member has all data before its vote"],
    planner: seeing((observed) => ({
      ...observed,
      members: observed.members.map((member) =>
        observed.committed?.voters.includes(member.sid) === false
          ? pretendSound(member, observed)
          : member,
      ),
    })),
  },
  {
    name: "does not look at the volumes that there are",
    rules: [ONCE],
    planner: seeing((observed) =>
      observed.recorded.phase === null ? { ...observed, members: [] } : observed,
    ),
  },
  {
    name: "does not hand over",
    rules: ["the leader hands over first"],
    planner: seeing((observed) => ({ ...observed, failedHandOvers: 3 })),
  },
  {
    name: "replaces the leader first",
    rules: ["the leader is the last one", "the leader hands over first"],
    planner: asking((action, { members }) => {
      if (action.kind !== "deletePod" || action.reason !== "OutOfDate") return action;
      const leader = members.find(({ report, pod }) => report?.role === "leader" && pod !== null);
      if (!leader?.pod || leader.pod.isCurrent) return action;
      return { ...action, sid: leader.sid, uid: leader.pod.uid };
    }),
  },
  {
    name: "ends pods before their members leave",
    rules: ["a member leaves before its pod"],
    planner: asking((action, { children }) => {
      if (action.kind !== "removeMember") return action;
      const component = action.sid > 100 ? "observers" : "members";
      const fromReplicas = children.sizes[component] ?? 0;
      const replicas = fromReplicas - 1;
      return { kind: "resizeStatefulSet", component, fromReplicas, replicas };
    }),
  },
  {
    name: "adds all members at once",
    rules: ["members come one by one"],
    planner: asking((action, { recorded }, members) => {
      if (action.kind !== "recordSizes") return action;
      if (action.sizes.members <= recorded.sizes.members) return action;
      return { ...action, sizes: { ...action.sizes, members } };
    }),
  },
  {
    name: "lets founders form an ensemble for ever",
    rules: [ONCE],
    planner: asking((action) =>
      action.kind === "applyChildren" ? { ...action, isFounding: true } : action,
    ),
  },
  {
    name: "forms the ensemble anew when it has no quorum",
    rules: [ONCE],
    planner: seeing((observed) => ({
      ...observed,
      recorded: {
        ...observed.recorded,
        phase: observed.committed === null ? "Forming" : observed.recorded.phase,
      },
    })),
  },
  {
    name: "deletes a StatefulSet with its pods",
    rules: ["a StatefulSet goes alone"],
    propagation: "Background",
  },
  {
    name: "replaces a StatefulSet at any time",
    rules: ["a StatefulSet goes alone"],
    planner: (wanted, observed) => {
      const step = planEnsemble(wanted, observed);
      const [component] = observed.children.outgrown;
      if (step.action.kind !== "wait" || component === undefined) return step;
      return { ...step, action: { kind: "orphanPods", component } };
    },
  },
  {
    name: "does not restart pods for their volumes",
    rules: ["all becomes as wanted"],
    planner: seeing((observed) => ({
      ...observed,
      members: observed.members.map((member) => ({
        ...member,
        claims: member.claims.map((claim) => ({ ...claim, growth: waitingFor(claim.growth) })),
      })),
    })),
  },
  {
    name: "leaves pods of a bad image alone",
    rules: ["all becomes as wanted"],
    planner: seeing((observed) => ({
      ...observed,
      members: observed.members.map((member) =>
        member.pod?.isReady === false
          ? { ...member, pod: { ...member.pod, isCurrent: true } }
          : member,
      ),
    })),
  },
  {
    name: "founds an ensemble beside the one to be imported",
    rules: [ONCE],
    planner: (wanted, observed) => planEnsemble({ ...wanted, import: null }, observed),
  },
  {
    name: "gives members the ids of imported servers",
    rules: ["ids are of one server each"],
    planner: asking((action) =>
      action.kind === "recordImporting" ? { ...action, firstSid: 1 } : action,
    ),
  },
  {
    name: "lets imported servers go before its members have joined",
    rules: ["old servers leave last"],
    planner: asking((action, { committed, recorded }) => {
      if (action.kind !== "addMember" || committed === null) return action;
      const old = committed.voters.find((sid) => sid < recorded.firstSid);
      if (old === undefined || committed.voters.length < 3) return action;
      return { kind: "removeMember", sid: old, fromVersion: action.fromVersion };
    }),
  },
  {
    name: "hands over to imported servers",
    rules: ["members alone are handed over to"],
    planner: asking((action, { committed, recorded }) => {
      if (action.kind !== "transferLeadership") return action;
      const old = committed?.voters.find((sid) => sid < recorded.firstSid);
      return old === undefined ? action : { ...action, to: old };
    }),
  },
  {
    name: "ends members that imported servers count on",
    rules: ["a member leaves before its pod"],
    planner: (wanted, observed) => {
      const step = planEnsemble(wanted, observed);
      const isGivenUp = wanted.isDeleted && observed.recorded.phase === "Importing";
      return isGivenUp ? { ...step, action: { kind: "release" } } : step;
    },
  },
  {
    name: "gives a quorum up without being asked",
    rules: ["a quorum is given up by consent"],
    planner: (wanted, observed) => {
      const survivor = observed.members.find(({ report }) => report?.diskProblem === null);
      const { ensembleUid } = observed.recorded;
      if (!survivor?.report || ensembleUid === null) return planEnsemble(wanted, observed);
      const { zxid } = survivor.report;
      const recovery = { survivor: survivor.sid, ensembleUid, zxid, acceptsLoss: true };
      return planEnsemble({ ...wanted, recovery }, observed);
    },
  },
  {
    name: "takes members that do not answer for lost",
    rules: ["a quorum is given up when it is lost for good", "the survivor has most"],
    planner: seeing((observed) => ({
      ...observed,
      members: observed.members.map((member) =>
        member.report === null ? { ...member, claims: [] } : member,
      ),
    })),
  },
  {
    name: "lets the survivor begin before the others have ended",
    rules: ["one ensemble of a name"],
    planner: seeing((observed) => ({
      ...observed,
      members:
        observed.recorded.phase === "Recovering"
          ? observed.members.filter(({ pod }) => pod?.isCurrent !== false)
          : observed.members,
    })),
  },
  {
    name: "does not stop anybody for a recovery",
    rules: ["one ensemble of a name"],
    planner: asking((action, { children, recorded }) => {
      if (action.kind !== "applyChildren" || recorded.phase !== "Recovering") return action;
      const { members, observers } = children.sizes;
      return { ...action, sizes: { members: members ?? 0, observers: observers ?? 0 } };
    }),
  },
];

function waitingFor(growth: ObservedClaim["growth"]): ObservedClaim["growth"] {
  return growth === "awaitsRestart" ? "underway" : growth;
}

function seeing(sees: Sees): Planner {
  return (wanted, observed) => planEnsemble(wanted, sees(observed));
}

function asking(asks: Asks): Planner {
  return (wanted, observed) => {
    const step = planEnsemble(wanted, observed);
    return { ...step, action: asks(step.action, observed, wanted.replicas) };
  };
}

/** The member as it would be if nothing were wrong with it. */
function pretendSound(
  member: ObservedEnsembleMember,
  { members }: EnsembleObserved,
): ObservedEnsembleMember {
  const leader = members.find(({ report }) => report?.role === "leader");
  if (!leader?.report || member.pod === null || member === leader) return member;
  const report = { ...leader.report, role: "follower", lag: 0 } as const;
  return { ...member, report, pod: { ...member.pod, state: "running", isReady: true } };
}
