/**
 * Replacing pods that are not as the specification wants them, one at a time: those that do not
 * serve, then observers and followers, the leader last and after a hand-over. The live roles count,
 * not those at the beginning.
 *
 * A pod that serves is replaced only while all others are sound; so a bad image stops at the first
 * pod that it is tried on. A pod that does not serve holds nothing up and is replaced first; so a
 * roll that got stuck goes on when the specification is mended.
 */
import type { DeletionReason, EnsembleStep } from "./ensemble-action.ts";
import type { ObservedMember, ObservedPod } from "./ensemble-observed.ts";
import {
  hasQuorumWithout,
  isDue,
  isImported,
  isOutOfDate,
  isSound,
  isVolumeSpared,
  membersToBe,
  nameMembers,
  unsoundVoters,
} from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";
import { planHandOver } from "./hand-over.ts";

/** A member with a pod that is to be replaced. */
interface Candidate extends ObservedMember {
  readonly pod: ObservedPod;
}

/** The members whose pods are not as wanted, or have to mount their volumes anew. */
export function outdatedMembers({ observed }: EnsembleView): readonly Candidate[] {
  return observed.members.filter(
    (member): member is Candidate =>
      member.pod !== null && member.pod.state !== "terminating" && isDue(member),
  );
}

/** The members whose pods are ending. */
export function endingMembers({ observed }: EnsembleView): number[] {
  const ending = observed.members.filter(({ pod }) => pod?.state === "terminating");
  return ending.map(({ sid }) => sid);
}

/** Replaces a pod that is out of date and serves nobody. It needs no quorum. */
export function planReplacement(view: EnsembleView): EnsembleStep | null {
  if (!view.observed.children.isSettled || endingMembers(view).length > 0) return null;
  const idle = outdatedMembers(view).find((member) => isIdle(view, member));
  if (idle === undefined) return null;
  const reason = `${describeFlaw(idle)} and does not serve`;
  return deletePod(idle, isOutOfDate(idle) ? "OutOfDateAndUnready" : "VolumeGrown", reason);
}

/**
 * Whether the quorum does not rest on a member. One that is not ready and does not answer may still
 * serve the others: it is let go only if the quorum is known to be there without it.
 */
function isIdle(view: EnsembleView, candidate: Candidate): boolean {
  const { sid, pod, report } = candidate;
  if (pod.isReady || report?.isSynced === true || !isVolumeSpared(view, candidate)) return false;
  const { committed } = view.observed;
  if (committed !== null && !committed.voters.includes(sid)) return true;
  if (committed !== null && hasQuorumWithout(view, sid)) return true;
  return committed === null && (pod.state === "pending" || pod.trouble !== null || report !== null);
}

/** The next step of a roll; null if every pod is as wanted. */
export function planRoll(view: EnsembleView): EnsembleStep | null {
  const outdated = outdatedMembers(view);
  if (outdated.length === 0) return null;
  const obstacle = describeObstacle(view);
  if (obstacle !== null) return wait(obstacle);
  const leaderSid = view.leader?.sid;
  const [candidate] = outdated.toSorted((a, b) => rank(view, a) - rank(view, b) || b.sid - a.sid);
  if (candidate === undefined) return null;
  const awaited = awaitedMembers(view, candidate);
  if (awaited.length > 0) {
    return wait(`${nameMembers(awaited)} must be synchronised before another is replaced`);
  }
  if (!isVolumeSpared(view, candidate)) {
    return wait(
      `The volume of ${nameMembers([candidate.sid]).toLowerCase()} would go with its pod`,
    );
  }
  const reason = describeFlaw(candidate);
  if (candidate.sid === leaderSid) {
    const handOver = planHandOver(view, candidate.sid, {
      reason: `${reason} and leads: another takes over first`,
      progress: "Rolling",
      mayLead: () => true,
    });
    if (handOver !== null) return handOver;
  }
  return deletePod(candidate, isOutOfDate(candidate) ? "OutOfDate" : "VolumeGrown", reason);
}

function describeFlaw(candidate: Candidate): string {
  const name = nameMembers([candidate.sid]);
  if (isOutOfDate(candidate)) return `${name} is out of date`;
  return `${name} has to mount its larger volume anew`;
}

function describeObstacle(view: EnsembleView): string | null {
  const { children, committed } = view.observed;
  if (!children.isSettled) return "The controller of StatefulSets has not seen their newest form";
  if (committed === null) return "Without a quorum no pod that may serve is replaced";
  const ending = endingMembers(view);
  if (ending.length > 0)
    return `Waiting for the pod of ${nameMembers(ending).toLowerCase()} to end`;
  return null;
}

/** Those that do not serve, the others, the leader. */
function rank(view: EnsembleView, candidate: Candidate): number {
  if (candidate.sid === view.leader?.sid) return 2;
  return isSound(view, candidate) ? 1 : 0;
}

/**
 * Who has to be sound before a member may go. If that one serves nobody, only voters count; those
 * that are imported are done without if a majority stays.
 */
function awaitedMembers(view: EnsembleView, candidate: Candidate): number[] {
  const isServing = isSound(view, candidate);
  const canDoWithout = hasQuorumWithout(view, candidate.sid);
  const unsound = isServing
    ? membersToBe(view)
        .filter((member) => !isSound(view, member))
        .map(({ sid }) => sid)
    : unsoundVoters(view);
  return unsound.filter(
    (sid) => sid !== candidate.sid && !(canDoWithout && isImported(view.observed, sid)),
  );
}

function wait(reason: string): EnsembleStep {
  return { action: { kind: "wait" }, reason, progress: "Rolling" };
}

function deletePod({ sid, pod }: Candidate, why: DeletionReason, reason: string): EnsembleStep {
  const action = { kind: "deletePod", sid, uid: pod.uid, reason: why } as const;
  return { action, reason, progress: "Rolling" };
}
