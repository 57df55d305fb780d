/**
 * Changing who is a member, one at a time.
 *
 * Growing: write down one more pod, let it catch up without a vote, admit it to the membership.
 * Shrinking, the last id first: dismiss it from the membership, write down one pod less, and only
 * then end it. Each reconfiguration holds only if the membership is still the one that it was
 * decided on; the next step sees what became of it.
 */
import type { EnsembleStep } from "./ensemble-action.ts";
import type { Component, Membership, Recorded, Sizes } from "./ensemble-observed.ts";
import {
  awaitedVoters,
  canLeave,
  componentOf,
  isCaughtUp,
  isCommitted,
  isSound,
  isVolumeLeaving,
  lastSid,
  memberOf,
  nameMembers,
  sizesCovering,
} from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";
import type { EnsembleWanted } from "./ensemble-wanted.ts";
import { planHandOver } from "./hand-over.ts";
import { outdatedMembers } from "./roll.ts";

const COMPONENTS: readonly Component[] = ["members", "observers"];

/** Whether there are members that are not wanted any more. */
export function isOversized({ wanted, observed }: EnsembleView): boolean {
  const { sizes } = observed.recorded;
  return COMPONENTS.some((component) => sizes[component] > wantedSize(wanted, component));
}

/** How many pods a set has in the end. */
function wantedSize(wanted: EnsembleWanted, component: Component): number {
  return component === "members" ? wanted.replicas : wanted.observers;
}

/** Writes down larger sizes if a member has no place in them, whoever may have changed them. */
export function planCover({ observed }: EnsembleView): EnsembleStep | null {
  const { committed, recorded } = observed;
  if (committed === null) return null;
  const needed = sizesCovering(committed, recorded.firstSid);
  const sizes: Sizes = {
    members: Math.max(needed.members, recorded.sizes.members),
    observers: Math.max(needed.observers, recorded.sizes.observers),
  };
  const { members, observers } = recorded.sizes;
  if (sizes.members === members && sizes.observers === observers) return null;
  const reason = "The membership has a member that no pod was written down for";
  return { action: { kind: "recordSizes", sizes }, reason, progress: "Scaling" };
}

/**
 * The next step of shrinking. A member without a place in the membership can go at any time, one
 * that is not well as soon as all that stay are; one that serves waits for the end of a roll.
 */
export function planShrinking(view: EnsembleView): EnsembleStep | null {
  const { committed } = view.observed;
  if (committed === null) return null;
  for (const component of COMPONENTS) {
    const step = shrink(view, component, committed);
    if (step !== null) return step;
  }
  return null;
}

function shrink(
  view: EnsembleView,
  component: Component,
  committed: Membership,
): EnsembleStep | null {
  const { wanted, observed } = view;
  const { sizes, firstSid } = observed.recorded;
  if (sizes[component] <= wantedSize(wanted, component)) return null;
  const sid = lastSid(component, sizes[component], firstSid);
  if (!isCommitted(committed, sid)) {
    const reason = `${nameMembers([sid])} is not in the membership and not wanted`;
    const action = { kind: "recordSizes", sizes: resize(sizes, component, -1) } as const;
    return { action, reason, progress: "Scaling" };
  }
  // Changed by hand: somebody who stays has to be admitted first.
  if (committed.voters.every((voter) => voter === sid)) return null;
  const isServing = isSound(view, memberOf(observed, sid));
  if (isServing && outdatedMembers(view).length > 0) return null;
  const awaited = awaitedVoters(view).filter((voter) => voter !== sid);
  if (awaited.length > 0 || !canLeave(view, sid)) return null;
  if (losingVoters(view).some((voter) => voter !== sid)) return null;
  return dismiss(view, sid, committed);
}

function dismiss(view: EnsembleView, sid: number, { version }: Membership): EnsembleStep {
  const { firstSid } = view.observed.recorded;
  const lastStaying = lastSid("members", view.wanted.replicas, firstSid);
  const reason = `${nameMembers([sid])} is to leave the membership`;
  const handOver = planHandOver(view, sid, {
    reason: `${reason} and leads: another takes over first`,
    progress: "Scaling",
    mayLead: (successor) => successor.sid >= firstSid && successor.sid <= lastStaying,
  });
  const action = { kind: "removeMember", sid, fromVersion: version } as const;
  return handOver ?? { action, reason, progress: "Scaling" };
}

/** Voters whose data goes when their pods end: fewer others could be too few then. */
function losingVoters({ observed }: EnsembleView): number[] {
  const voters = observed.committed?.voters ?? [];
  return voters.filter((sid) => isVolumeLeaving(memberOf(observed, sid)));
}

function whyNotSmaller(view: EnsembleView): string {
  const losing = losingVoters(view);
  if (losing.length > 0) {
    return `The deleted volume of ${nameMembers(losing).toLowerCase()} is in use`;
  }
  return "The members that are to leave are needed for a majority";
}

/** The next step of growing, or why there is none now; null if nobody is to come or to go. */
export function planScaling(view: EnsembleView): EnsembleStep | null {
  const { wanted, observed } = view;
  const { committed, recorded } = observed;
  if (committed === null) return null;
  for (const component of COMPONENTS) {
    const size = recorded.sizes[component];
    const target = wantedSize(wanted, component);
    const awaited = awaitedVoters(view);
    const joining = joiningMember(component, Math.min(size, target), observed.recorded, committed);
    if (joining === null && size === target) continue;
    if (awaited.length > 0) {
      const reason = `${nameMembers(awaited)} must be synchronised before the membership changes`;
      return { action: { kind: "wait" }, reason, progress: "Waiting" };
    }
    if (joining !== null) return admit(view, joining, committed);
    if (size < target) return grow(view, component);
    return { action: { kind: "wait" }, reason: whyNotSmaller(view), progress: "Waiting" };
  }
  return null;
}

/** The first member of a set that has a pod and not the place that it should have. */
function joiningMember(
  component: Component,
  size: number,
  { firstSid }: Recorded,
  { voters, observers }: Membership,
): number | null {
  const there = component === "members" ? voters : [...voters, ...observers];
  const first = lastSid(component, 0, firstSid) + 1;
  for (let sid = first; sid < first + size; sid += 1) {
    if (!there.includes(sid)) return sid;
  }
  return null;
}

function admit(view: EnsembleView, sid: number, { version }: Membership): EnsembleStep {
  const name = nameMembers([sid]);
  if (!isCaughtUp(view, memberOf(view.observed, sid))) {
    const reason = `${name} must have all data before it joins the membership`;
    return { action: { kind: "wait" }, reason, progress: "Scaling" };
  }
  const role = componentOf(sid) === "members" ? "participant" : "observer";
  const action = { kind: "addMember", sid, role, fromVersion: version } as const;
  return { action, reason: `${name} has all data and joins the membership`, progress: "Scaling" };
}

function grow({ observed }: EnsembleView, component: Component): EnsembleStep {
  const { sizes, firstSid } = observed.recorded;
  const sid = lastSid(component, sizes[component] + 1, firstSid);
  const former = memberOf(observed, sid);
  const isLeaving =
    former.pod !== null || former.claims.some(({ state }) => state === "terminating");
  if (isLeaving) {
    const reason = `The former pod of ${nameMembers([sid]).toLowerCase()} has to be gone first`;
    return { action: { kind: "wait" }, reason, progress: "Scaling" };
  }
  const action = { kind: "recordSizes", sizes: resize(sizes, component, 1) } as const;
  return { action, reason: `${nameMembers([sid])} is to be added`, progress: "Scaling" };
}

function resize(sizes: Sizes, component: Component, change: number): Sizes {
  return { ...sizes, [component]: sizes[component] + change };
}
