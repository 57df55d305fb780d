/**
 * Making volumes larger. First the claims that there are grow, whoever is well, as a full disk may
 * be what ails a member. The size of volumes to come cannot be changed in a StatefulSet: when
 * nothing else moves it is deleted without its pods and made anew, and the new one adopts them.
 * Kubernetes makes volumes and file systems larger while they are in use; where it does not, pods
 * are replaced like those that are out of date (`roll.ts`).
 */
import type { EnsembleStep } from "./ensemble-action.ts";
import type { ClaimGrowth, ObservedMember } from "./ensemble-observed.ts";
import { isSound, membersToBe, nameMembers, sidsOf } from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";
import { outdatedMembers } from "./roll.ts";

/** Has a claim grow whose volume is smaller than wanted; null if there is none that could. */
export function planClaimGrowth(view: EnsembleView): EnsembleStep | null {
  for (const { sid, claims } of membersToBe(view)) {
    // One without a volume yet cannot grow, and one that goes need not.
    const short = claims.find(({ state, growth }) => state === "bound" && growth === "short");
    if (short === undefined) continue;
    const { name, uid } = short;
    const reason = `${nameMembers([sid])} has a smaller volume than wanted`;
    return { action: { kind: "growClaim", sid, name, uid }, reason, progress: "ResizingVolumes" };
  }
  return null;
}

/**
 * Deletes a StatefulSet that makes smaller volumes than are wanted, at a moment when no pod comes
 * or goes: one that went meanwhile would not come back, and one that has just come may be missed
 * when the others are made orphans. Null if there is none, or at any other moment.
 */
export function planTemplateGrowth(view: EnsembleView): EnsembleStep | null {
  const [component] = view.observed.children.outgrown;
  if (component === undefined || !isAtRest(view)) return null;
  const reason = `New volumes of the ${component} are to be larger`;
  return { action: { kind: "orphanPods", component }, reason, progress: "ResizingVolumes" };
}

function isAtRest(view: EnsembleView): boolean {
  const { children, committed, members, recorded } = view.observed;
  const { sizes } = children;
  const areSizesRecorded =
    (sizes.members ?? 0) === recorded.sizes.members &&
    (sizes.observers ?? 0) === recorded.sizes.observers;
  const isSettled = children.isCurrent && children.isSettled && areSizesRecorded;
  if (committed === null || !isSettled || outdatedMembers(view).length > 0) return false;
  const staying = new Set(sidsOf(recorded.sizes, recorded.firstSid));
  const isLeaving = ({ sid, pod }: ObservedMember): boolean =>
    pod !== null && (pod.state === "terminating" || !staying.has(sid));
  if (members.some(isLeaving)) return false;
  return membersToBe(view).every((member) => isSound(view, member));
}

/** What is awaited until all volumes are as large as wanted; null if they are. */
export function planVolumes(view: EnsembleView): EnsembleStep | null {
  const stuck = membersWhoseVolumes(view, "refused", "failed");
  const isMoving = stuck.length === 0;
  const sids = isMoving ? membersWhoseVolumes(view, "short", "underway", "awaitsRestart") : stuck;
  const { outgrown } = view.observed.children;
  if (sids.length === 0 && outgrown.length === 0) return null;
  const whose = `The volume of ${nameMembers(sids).toLowerCase()}`;
  const reason = !isMoving
    ? `${whose} does not grow`
    : sids.length > 0
      ? `${whose} is growing`
      : `New volumes of the ${outgrown.join(" and the ")} are to be larger`;
  return { action: { kind: "wait" }, reason, progress: isMoving ? "ResizingVolumes" : "Waiting" };
}

/** The members that there are or are to be with a volume of which one of these holds. */
function membersWhoseVolumes(view: EnsembleView, ...growths: readonly ClaimGrowth[]): number[] {
  return membersToBe(view)
    .filter(({ claims }) => claims.some(({ growth }) => growths.includes(growth)))
    .map(({ sid }) => sid);
}
