/**
 * Going on with the volumes of an ensemble whose object was deleted and made anew. A claim says
 * which ensemble's data its volume has as soon as a member says so, and not before: who finds such
 * a claim knows that the ensemble has served. It must not form again then, not even if some of its
 * volumes are gone: the members go on with what there is, if a majority of them still has it.
 */
import type { EnsembleAction, EnsembleStep } from "./ensemble-action.ts";
import type { ObservedMember, Sizes } from "./ensemble-observed.ts";
import { isCaughtUp, nameMembers, sizesCovering } from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";

type MarkClaim = Extract<EnsembleAction, { readonly kind: "markClaim" }>;

/** The first step of an ensemble of which there are volumes; null if there are none. */
export function planAdoption({ observed }: EnsembleView): EnsembleStep | null {
  const claims = observed.members.flatMap((member) => member.claims);
  const uids = new Set(claims.flatMap(({ ensembleUid }) => ensembleUid ?? []));
  const [ensembleUid] = uids;
  if (ensembleUid === undefined) return null;
  if (uids.size > 1) {
    const sids = nameMembers(markedMembers(observed.members)).toLowerCase();
    const reason = `The volumes of ${sids} are of different ensembles: delete the claims of one`;
    return { action: { kind: "wait" }, reason, progress: "Waiting" };
  }
  const isLeaving = claims.some(({ state }) => state === "terminating");
  if (isLeaving) {
    const reason = "Some volumes of an ensemble of this name are being deleted";
    return { action: { kind: "wait" }, reason, progress: "Waiting" };
  }
  // A member that has no data to say so may have a vote nevertheless; one without, leaves again.
  const voters = observed.members.flatMap((each) => (each.claims.length > 0 ? [each.sid] : []));
  const firstSid = Math.max(...claims.map((claim) => claim.firstSid));
  const sizes: Sizes = sizesCovering({ version: 0n, voters, observers: [] }, firstSid);
  const reason = `${nameMembers(voters)} had volumes already: the ensemble goes on`;
  const action = { kind: "recordAdopted", ensembleUid, firstSid, sizes } as const;
  return { action, reason, progress: "Waking" };
}

/** A claim to mark, of a member that has all data of this ensemble; null if there is none. */
export function findUnmarked(view: EnsembleView): MarkClaim | null {
  const { ensembleUid, firstSid } = view.observed.recorded;
  if (ensembleUid === null) return null;
  for (const member of view.observed.members) {
    if (member.report?.ensembleUid !== ensembleUid || !isCaughtUp(view, member)) continue;
    const claim = member.claims.find(
      (each) => each.state === "bound" && each.ensembleUid !== ensembleUid,
    );
    if (claim === undefined) continue;
    const { sid } = member;
    return { kind: "markClaim", sid, name: claim.name, uid: claim.uid, ensembleUid, firstSid };
  }
  return null;
}

/** Marks a claim before anything else is done; null if none is to be marked. */
export function planMarking(
  view: EnsembleView,
  progress: EnsembleStep["progress"],
): EnsembleStep | null {
  const action = findUnmarked(view);
  if (action === null) return null;
  return { action, reason: `${nameMembers([action.sid])} has data of the ensemble`, progress };
}

function markedMembers(members: readonly ObservedMember[]): number[] {
  const isMarked = ({ claims }: ObservedMember): boolean =>
    claims.some(({ ensembleUid }) => ensembleUid !== null);
  return members.filter(isMarked).map(({ sid }) => sid);
}
