/**
 * What the conditions of an ensemble are, from what is wanted and observed and from what the
 * planner answered to it. Messages have no times and no figures that change by themselves, so that
 * a status that says the same is the same.
 */
import type { ConditionType, ReasonOf } from "../api/conditions.ts";
import type { EnsembleStep } from "./ensemble-action.ts";
import type {
  ClaimGrowth,
  EnsembleObserved,
  Membership,
  ObservedMember,
} from "./ensemble-observed.ts";
import {
  hasQuorum,
  isCommitted,
  isOutOfDate,
  isSound,
  isToHibernate,
  membersToBe,
  nameMembers,
  sidsOf,
  unsoundVoters,
  viewEnsemble,
} from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";
import type { EnsembleWanted } from "./ensemble-wanted.ts";
import { planVolumes } from "./grow-volumes.ts";
import { describeImport } from "./import-condition.ts";
import { describeRecovery } from "./recover.ts";
import { outdatedMembers } from "./roll.ts";
import { membersToReload } from "./settings.ts";

/** What a condition is to say. */
export interface ConditionFact<T extends ConditionType = ConditionType> {
  readonly reason: ReasonOf<T>;
  readonly message: string;
}

/** A fact for each of the conditions. */
export type ConditionFacts = {
  readonly [T in Exclude<ConditionType, "Imported" | "Recovered">]: ConditionFact<T>;
} & {
  /** Null for an ensemble that did not begin so. */
  readonly Imported: ConditionFact<"Imported"> | null;
  /** Null for an ensemble that never asked for it. */
  readonly Recovered: ConditionFact<"Recovered"> | null;
};

const HIBERNATED = { reason: "Hibernated", message: "The ensemble is hibernated" } as const;
const FORMING = { reason: "Forming", message: "The ensemble has not served yet" } as const;
const NOT_OBSERVED = { reason: "NotObserved", message: "No member answers the operator" } as const;
const PAUSED = { reason: "Paused", message: "The ensemble is paused" } as const;
const NO_QUORUM = "No quorum of the voters serves";

/** What all conditions are to say; `step` is the planner's answer to the same arguments. */
export function describeConditions(
  wanted: EnsembleWanted,
  observed: EnsembleObserved,
  step: EnsembleStep,
): ConditionFacts {
  const view = viewEnsemble(wanted, observed);
  return {
    Ready: describeReady(view),
    Progressing: { reason: step.progress, message: step.reason },
    Degraded: describeDegraded(view, step),
    QuorumAvailable: describeQuorum(view),
    ScaleAllowed: describeScaleGate(view),
    ConfigurationInSync: describeConfiguration(view),
    Imported: describeImport(view),
    Recovered: describeRecovery(view),
  };
}

type Common = typeof HIBERNATED | typeof FORMING | typeof NOT_OBSERVED;

/** What goes before anything particular. */
function describeCommon(view: EnsembleView): Common | null {
  const { observed } = view;
  const { phase } = observed.recorded;
  if (isToHibernate(view)) return HIBERNATED;
  if (phase === null || phase === "Forming") return FORMING;
  const ready = observed.members.filter(({ pod }) => pod?.isReady === true);
  const isSilent = ready.length > 0 && ready.every(({ report }) => report === null);
  return isSilent ? NOT_OBSERVED : null;
}

function describeReady(view: EnsembleView): ConditionFact<"Ready"> {
  const common = describeCommon(view);
  if (common !== null) return common;
  const { children, committed, recorded } = view.observed;
  const isServing = hasQuorum(view) && recorded.phase !== "Recovering";
  if (committed === null || !isServing) return { reason: "NoQuorum", message: NO_QUORUM };
  if (recorded.phase === "Importing") {
    return { reason: "Importing", message: "The ensemble is being imported" };
  }
  const unsound = unsoundMembers(view);
  if (unsound.length > 0) {
    const message = `${nameMembers(unsound)} must become synchronised`;
    return { reason: "MembersNotReady", message };
  }
  if (!isMembershipAsWanted(view, committed)) {
    return { reason: "MembershipDiffers", message: "The membership is not the wanted one yet" };
  }
  const outdated = outdatedMembers(view).map(({ sid }) => sid);
  if (outdated.length > 0) {
    return { reason: "PodsDiffer", message: `${nameMembers(outdated)} must be replaced` };
  }
  if (!children.isCurrent || !children.isSettled) {
    return { reason: "PodsDiffer", message: "The objects of the members are out of date" };
  }
  const step = planVolumes(view);
  if (step !== null) return { reason: "VolumesDiffer", message: step.reason };
  return { reason: "AsWanted", message: "Everything is as wanted" };
}

function describeDegraded(view: EnsembleView, step: EnsembleStep): ConditionFact<"Degraded"> {
  const { observed, wanted } = view;
  const common = describeCommon(view);
  if (common === NOT_OBSERVED) return NOT_OBSERVED;
  if (common === null && !hasQuorum(view)) return { reason: "QuorumLost", message: NO_QUORUM };
  const broken = findBroken(observed);
  if (broken !== null) return broken;
  const unsound = unsoundMembers(view);
  const isByOurHand = step.progress !== "AsWanted" && step.progress !== "Waiting";
  if (common === null && unsound.length > 0 && !isByOurHand && !wanted.isPaused) {
    const message = `Not serving, and should be: ${nameMembers(unsound).toLowerCase()}`;
    return { reason: "MemberUnavailable", message };
  }
  return { reason: "AsExpected", message: "Nothing is known to be broken" };
}

/** What is broken in a way that a member or a pod names, the worst first. */
function findBroken({ committed, members }: EnsembleObserved): ConditionFact<"Degraded"> | null {
  const isMember = ({ sid }: ObservedMember): boolean =>
    committed === null || isCommitted(committed, sid);
  const isAnyClaim = ({ claims }: ObservedMember, state: string): boolean =>
    claims.some((claim) => claim.state === state);
  const isAnyGrowth = ({ claims }: ObservedMember, growth: ClaimGrowth): boolean =>
    claims.some((claim) => claim.growth === growth);
  const table: readonly [ReasonOf<"Degraded">, string, (member: ObservedMember) => boolean][] = [
    [
      "VolumeForeign",
      "A volume has the data of another ensemble, and is left alone",
      ({ pod, report }) => pod?.trouble === "foreignVolume" || report?.diskProblem === "foreign",
    ],
    [
      "VolumeLost",
      "A volume or what was on it is lost",
      (member) =>
        isAnyClaim(member, "lost") ||
        (member.pod !== null && isAnyClaim(member, "terminating")) ||
        // The volume of a member that is on its way in has no data yet.
        (isMember(member) && (member.report?.diskProblem ?? null) !== null),
    ],
    ["MemberFailing", "Ends again and again", ({ pod }) => pod?.trouble === "crashLooping"],
    [
      "ImageUnavailable",
      "The image cannot be had",
      ({ pod }) => pod?.trouble === "imageUnavailable",
    ],
    ["PodUnschedulable", "There is no node", ({ pod }) => pod?.trouble === "unschedulable"],
    [
      "VolumeGrowthFailed",
      "A volume did not grow; the conditions and Events of its claim say why",
      (member) => isMember(member) && isAnyGrowth(member, "failed"),
    ],
    [
      "VolumeGrowthRefused",
      "A claim may not grow; let its StorageClass allow it (allowVolumeExpansion), or delete the " +
        "claims one by one to have larger ones made",
      (member) => isAnyGrowth(member, "refused"),
    ],
  ];
  for (const [reason, what, isBroken] of table) {
    const sids = members.filter(isBroken).map(({ sid }) => sid);
    if (sids.length > 0) return { reason, message: `${what}: ${nameMembers(sids).toLowerCase()}` };
  }
  return null;
}

function describeQuorum(view: EnsembleView): ConditionFact<"QuorumAvailable"> {
  const common = describeCommon(view);
  if (common !== null) return common;
  if (hasQuorum(view)) {
    return { reason: "QuorumServes", message: "A leader and a majority of the voters serve" };
  }
  const { committed, members, recorded } = view.observed;
  const voters =
    committed?.voters ?? sidsOf({ ...recorded.sizes, observers: 0 }, recorded.firstSid);
  const running = members.filter(({ sid, pod }) => voters.includes(sid) && pod?.isReady === true);
  if (running.length * 2 > voters.length) {
    return { reason: "NoLeader", message: "Enough voters run, but none of them leads them" };
  }
  return { reason: "TooFewVoters", message: "Fewer voters than a majority serve" };
}

function describeScaleGate(view: EnsembleView): ConditionFact<"ScaleAllowed"> {
  if (view.wanted.isPaused) return PAUSED;
  const common = describeCommon(view);
  if (common !== null) return common;
  const { committed } = view.observed;
  if (committed === null || !hasQuorum(view)) return { reason: "NoQuorum", message: NO_QUORUM };
  const unsound = unsoundVoters(view);
  if (unsound.length > 0) {
    const message = `${nameMembers(unsound)} must be synchronised before the membership changes`;
    return { reason: "VotersNotSynced", message };
  }
  if (outdatedMembers(view).length > 0) {
    const message = "Pods are being replaced; the membership changes after that";
    return { reason: "RollInProgress", message };
  }
  if (!isMembershipAsWanted(view, committed)) {
    return { reason: "Scaling", message: "Members are being added or removed" };
  }
  return { reason: "QuorumHealthy", message: "Every voter is synchronised" };
}

/** What pods and members tell of it; settings that are refused are not seen here. */
function describeConfiguration(view: EnsembleView): ConditionFact<"ConfigurationInSync"> {
  const common = describeCommon(view);
  if (common !== null) return common;
  const outdated = outdatedMembers(view).filter(isOutOfDate);
  if (outdated.length > 0) {
    const message = `${nameMembers(outdated.map(({ sid }) => sid))} must be replaced`;
    return { reason: "RestartPending", message };
  }
  const reloading = membersToReload(view);
  if (reloading.length > 0) {
    const message = `${nameMembers(reloading)} must read the settings anew, or does not say so`;
    return { reason: "ReloadPending", message };
  }
  return { reason: "InSync", message: "Every member runs with the wanted settings" };
}

function unsoundMembers(view: EnsembleView): number[] {
  return membersToBe(view)
    .filter((member) => !isSound(view, member))
    .map(({ sid }) => sid);
}

function isMembershipAsWanted(
  { wanted, observed }: EnsembleView,
  { voters, observers }: Membership,
): boolean {
  const sids = new Set([...voters, ...observers]);
  const sizes = { members: wanted.replicas, observers: wanted.observers };
  const target = sidsOf(sizes, observed.recorded.firstSid);
  return (
    voters.length === wanted.replicas &&
    sids.size === target.length &&
    target.every((sid) => sids.has(sid))
  );
}
