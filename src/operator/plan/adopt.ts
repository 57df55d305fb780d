/**
 * Going on with the volumes of an ensemble whose object was deleted and made anew. A claim says
 * which ensemble's data its volume has as soon as a member says so, and not before: who finds such
 * a claim knows that the ensemble has served. It must not form again then, not even if some of its
 * volumes are gone: the members go on with what there is, if a majority of them still has it.
 */
import type { EnsembleStep } from "./ensemble-action.ts";
import type { ObservedMember, Sizes } from "./ensemble-observed.ts";
import { isCaughtUp, nameMembers, sizesCovering } from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";

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

/** Marks a claim of a member that has all data of this ensemble; null if none is to be marked. */
export function planMarking(view: EnsembleView): EnsembleStep | null {
  const { ensembleUid, firstSid, phase } = view.observed.recorded;
  const progress = phase === null || phase === "Running" ? "AsWanted" : phase;
  if (ensembleUid === null) return null;
  for (const member of view.observed.members) {
    if (member.report?.ensembleUid !== ensembleUid || !isCaughtUp(view, member)) continue;
    const claim = member.claims.find(
      (each) => each.state === "bound" && each.ensembleUid !== ensembleUid,
    );
    if (claim === undefined) continue;
    const { sid } = member;
    const action = {
      kind: "markClaim",
      sid,
      name: claim.name,
      uid: claim.uid,
      ensembleUid,
      firstSid,
    } as const;
    return { action, reason: `${nameMembers([sid])} has data of the ensemble`, progress };
  }
  return null;
}

function markedMembers(members: readonly ObservedMember[]): number[] {
  const isMarked = ({ claims }: ObservedMember): boolean =>
    claims.some(({ ensembleUid }) => ensembleUid !== null);
  return members.filter(isMarked).map(({ sid }) => sid);
}
