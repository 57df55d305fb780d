/**
 * What the operator does for members that are not well. Most of it the servers do themselves: one
 * whose volume is empty gets all data before it votes again. What is left are claims and pods that
 * Kubernetes would not replace. A volume with the data of another ensemble is left alone: it is
 * somebody's data.
 */
import type { DeletionReason, EnsembleStep } from "./ensemble-action.ts";
import type { ObservedMember, ObservedPod } from "./ensemble-observed.ts";
import {
  awaitedVoters,
  hasQuorumWithout,
  isVolumeLeaving,
  membersToBe,
  nameMembers,
} from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";
import { planHandOver } from "./hand-over.ts";
import { endingMembers } from "./roll.ts";

/** Restarts in a row after which a new pod is tried: with Kubernetes' pauses, some 20 minutes. */
const RESTARTS_MAX = 8;

/**
 * Heals a member if all other voters are sound and a majority by themselves, as its data may go;
 * null if there is nothing to heal now.
 */
export function planHealing(view: EnsembleView): EnsembleStep | null {
  const { committed } = view.observed;
  if (committed === null || endingMembers(view).length > 0) return null;
  const awaited = awaitedVoters(view);
  for (const member of membersToBe(view)) {
    if (awaited.some((sid) => sid !== member.sid)) continue;
    const isVoter = committed.voters.includes(member.sid);
    if (isVoter && !hasQuorumWithout(view, member.sid)) continue;
    const step = healMember(view, member);
    if (step !== null) return step;
  }
  return null;
}

function healMember(view: EnsembleView, member: ObservedMember): EnsembleStep | null {
  const { sid, pod, claims } = member;
  const name = nameMembers([sid]);
  const lost = claims.find(({ state }) => state === "lost");
  if (lost !== undefined) {
    const action = { kind: "deleteClaim", sid, name: lost.name, uid: lost.uid } as const;
    return { action, reason: `${name} lost its volume for good`, progress: "Healing" };
  }
  if (pod === null) return null;
  if (isVolumeLeaving(member)) {
    const reason = `The volume of ${name.toLowerCase()} was deleted and its pod uses it still`;
    const handOver = planHandOver(view, sid, { reason, progress: "Healing", mayLead: () => true });
    return handOver ?? replacePod(sid, pod, "VolumeGone", reason);
  }
  if (isCrashLooping(member, pod)) {
    return replacePod(sid, pod, "CrashLooping", `${name} ends again and again`);
  }
  return null;
}

function isCrashLooping({ report }: ObservedMember, pod: ObservedPod): boolean {
  if (report?.diskProblem === "foreign") return false;
  return pod.trouble === "crashLooping" && pod.restarts >= RESTARTS_MAX && !pod.isReady;
}

function replacePod(
  sid: number,
  { uid }: ObservedPod,
  why: DeletionReason,
  reason: string,
): EnsembleStep {
  return { action: { kind: "deletePod", sid, uid, reason: why }, reason, progress: "Healing" };
}
