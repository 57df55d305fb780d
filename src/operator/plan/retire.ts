/**
 * Deleting volumes: those of members that have left, and all of them with the ensemble. Only where
 * the specification asks for it, only when no pod uses them, and one at a time.
 */
import type { EnsembleStep } from "./ensemble-action.ts";
import type { Component, ObservedMember } from "./ensemble-observed.ts";
import { isCommitted, nameMembers, sidsOf } from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";
import { planWithdrawal } from "./import.ts";

const COMPONENTS: readonly Component[] = ["observers", "members"];

/** Deletes a volume of a member that has left; null if there is none to be deleted. */
export function planRetirement({ wanted, observed }: EnsembleView): EnsembleStep | null {
  const { committed, recorded } = observed;
  if (wanted.retention.whenScaled === "Retain" || committed === null) return null;
  const staying = new Set(sidsOf(recorded.sizes, recorded.firstSid));
  const left = observed.members.filter(
    ({ sid, pod }) => pod === null && !staying.has(sid) && !isCommitted(committed, sid),
  );
  return deleteClaimOf(left, "Scaling");
}

/** The next step of the deletion of the whole ensemble. */
export function planDeletion(view: EnsembleView): EnsembleStep {
  const { wanted, observed } = view;
  const progress = "Deleting";
  const withdrawal = planWithdrawal(view);
  if (withdrawal !== null) return withdrawal;
  if (wanted.retention.whenDeleted === "Retain") {
    const reason = "The ensemble is deleted; its volumes are kept";
    return { action: { kind: "release" }, reason, progress };
  }
  for (const component of COMPONENTS) {
    const fromReplicas = observed.children.sizes[component] ?? 0;
    if (fromReplicas === 0) continue;
    const reason = "The members stop before their volumes are deleted";
    const action = { kind: "resizeStatefulSet", component, fromReplicas, replicas: 0 } as const;
    return { action, reason, progress };
  }
  if (observed.members.some(({ pod }) => pod !== null)) {
    const reason = "The members must have ended before their volumes are deleted";
    return { action: { kind: "wait" }, reason, progress };
  }
  const step = deleteClaimOf(observed.members, progress);
  if (step !== null) return step;
  if (observed.members.some(({ claims }) => claims.length > 0)) {
    return { action: { kind: "wait" }, reason: "The volumes are being deleted", progress };
  }
  return { action: { kind: "release" }, reason: "The ensemble and its volumes are gone", progress };
}

function deleteClaimOf(
  members: readonly ObservedMember[],
  progress: EnsembleStep["progress"],
): EnsembleStep | null {
  for (const { sid, claims } of members) {
    const claim = claims.find(({ state }) => state !== "terminating");
    if (claim === undefined) continue;
    const action = { kind: "deleteClaim", sid, name: claim.name, uid: claim.uid } as const;
    return { action, reason: `${nameMembers([sid])} has left, and its volume goes`, progress };
  }
  return null;
}
