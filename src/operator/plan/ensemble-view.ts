/**
 * What the planner of whole ensembles derives from what it is told: who leads, who is sound, who is
 * a member. A voter is sound if the quorum can count on it, which is more than that its pod is
 * ready: it has to have all data, in the epoch of the leader, with little outstanding.
 */
import type { EnsembleWanted } from "./ensemble-wanted.ts";
import type {
  Component,
  EnsembleObserved,
  Membership,
  ObservedMember,
  Sizes,
} from "./ensemble-observed.ts";

/** Transactions that a sound member may be behind: the reports are of different moments. */
const LAG_MAX = 1000;
/** The first server id of observers. */
const OBSERVER_SID_MIN = 101;

/** What is wanted and what is there, with what follows from it. */
export interface EnsembleView {
  readonly wanted: EnsembleWanted;
  readonly observed: EnsembleObserved;
  /** The member that leads a quorum; null when none does, or none is known. */
  readonly leader: ObservedMember | null;
}

/** Joins what is wanted and what is there. */
export function viewEnsemble(wanted: EnsembleWanted, observed: EnsembleObserved): EnsembleView {
  return { wanted, observed, leader: findLeader(observed) };
}

/**
 * Reports are of different moments: of two leaders, that of the later epoch is the real one. What
 * is committed was read from a leader with a quorum, so without that there is none.
 */
function findLeader(observed: EnsembleObserved): ObservedMember | null {
  const { committed, members } = observed;
  if (committed === null) return null;
  let leader: ObservedMember | null = null;
  for (const member of members) {
    if (member.report?.role !== "leader" || !isRunning(observed, member)) continue;
    if (leader?.report && leader.report.epoch >= member.report.epoch) continue;
    leader = member;
  }
  return leader;
}

/** Whether it is a server of the ensemble that was imported. */
export function isImported({ recorded }: EnsembleObserved, sid: number): boolean {
  return recorded.imported.some((server) => server.sid === sid);
}

/** Imported servers have no pods. */
function isRunning(observed: EnsembleObserved, { sid, pod }: ObservedMember): boolean {
  return pod?.state === "running" || isImported(observed, sid);
}

/** Whether a member has all data of this ensemble and keeps up with the leader. */
export function isCaughtUp({ leader, observed }: EnsembleView, member: ObservedMember): boolean {
  const { report } = member;
  if (!isRunning(observed, member) || report === null || !leader?.report) return false;
  const isOurs =
    report.ensembleUid === null || report.ensembleUid === observed.recorded.ensembleUid;
  if (!isOurs || report.diskProblem !== null) return false;
  if (!report.isSynced || report.epoch !== leader.report.epoch) return false;
  return member === leader || (report.lag !== null && report.lag <= LAG_MAX);
}

/** Whether the others can count on a member, and clients get to it. */
export function isSound(view: EnsembleView, member: ObservedMember): boolean {
  const isReady = member.pod?.isReady === true || isImported(view.observed, member.sid);
  return isCaughtUp(view, member) && isReady;
}

/** The member of an id; one of which nothing is known if it was not observed. */
export function memberOf({ members }: EnsembleObserved, sid: number): ObservedMember {
  const member = members.find((candidate) => candidate.sid === sid);
  return member ?? { sid, pod: null, claims: [], report: null };
}

/** The voters that are not sound, by ascending id; empty if no membership is known. */
export function unsoundVoters(view: EnsembleView): number[] {
  const voters = view.observed.committed?.voters ?? [];
  return voters.filter((sid) => !isSound(view, memberOf(view.observed, sid)));
}

/**
 * The voters that must become sound before anything else changes. Imported servers are about to
 * go, and nobody here can mend them: they are done without if a majority serves.
 */
export function awaitedVoters(view: EnsembleView): number[] {
  const unsound = unsoundVoters(view);
  return hasQuorum(view) ? unsound.filter((sid) => !isImported(view.observed, sid)) : unsound;
}

/** Whether those that serve are a majority of the voters when one has left the membership. */
export function canLeave(view: EnsembleView, sid: number): boolean {
  const staying = (view.observed.committed?.voters ?? []).filter((voter) => voter !== sid);
  const unsound = unsoundVoters(view).filter((voter) => voter !== sid);
  return unsound.length * 2 < staying.length;
}

/** Whether a leader and a majority of the voters serve. */
export function hasQuorum(view: EnsembleView): boolean {
  const { committed } = view.observed;
  if (committed === null || view.leader === null) return false;
  return unsoundVoters(view).length * 2 < committed.voters.length;
}

/** Whether a majority of the voters serves even without a member. */
export function hasQuorumWithout(view: EnsembleView, sid: number): boolean {
  const { committed } = view.observed;
  if (committed === null) return false;
  const { voters } = committed;
  const missing = new Set([...unsoundVoters(view), ...voters.filter((voter) => voter === sid)]);
  return missing.size * 2 < voters.length;
}

/**
 * Whether a member's pod is not the one that its StatefulSet would make, or started with settings
 * that it cannot do away with by itself.
 */
export function isOutOfDate({ pod, report, settingsDigest }: ObservedMember): boolean {
  if (pod === null || settingsDigest === undefined) return pod?.isCurrent === false;
  const { digest, awaitsRestart } = report?.settings ?? { digest: null, awaitsRestart: false };
  return !pod.isCurrent || (awaitsRestart && digest === settingsDigest);
}

/** Whether a member's pod is out of date, or has to mount a volume anew. */
export function isDue(member: ObservedMember): boolean {
  return isOutOfDate(member) || member.claims.some(({ growth }) => growth === "awaitsRestart");
}

/** Whether a member's volume was deleted and goes as soon as its pod ends. */
export function isVolumeLeaving({ claims, pod }: ObservedMember): boolean {
  return pod !== null && claims.some(({ state }) => state === "terminating");
}

/**
 * Whether a pod can end as far as its volume is concerned: it stays, or what is on it is known to
 * be on a majority of others.
 */
export function isVolumeSpared(view: EnsembleView, member: ObservedMember): boolean {
  if (!isVolumeLeaving(member)) return true;
  const { committed } = view.observed;
  if (committed === null) return false;
  return !committed.voters.includes(member.sid) || hasQuorumWithout(view, member.sid);
}

/** Every member that there is or is to be, by ascending id: with a place or with a pod. */
export function membersToBe({ observed }: EnsembleView): ObservedMember[] {
  const { committed, recorded } = observed;
  const sids = new Set([
    ...sidsOf(recorded.sizes, recorded.firstSid),
    ...(committed?.voters ?? []),
    ...(committed?.observers ?? []),
  ]);
  return [...sids].sort((a, b) => a - b).map((sid) => memberOf(observed, sid));
}

/** Whether an id is in the membership, in any role. */
export function isCommitted({ voters, observers }: Membership, sid: number): boolean {
  return voters.includes(sid) || observers.includes(sid);
}

/** The set that a member's pod belongs to. */
export function componentOf(sid: number): Component {
  return sid < OBSERVER_SID_MIN ? "members" : "observers";
}

/** The last id of a set that has so many pods. */
export function lastSid(component: Component, size: number, firstSid = 1): number {
  return (component === "members" ? firstSid : OBSERVER_SID_MIN) - 1 + size;
}

/** The ids of all pods that there are to be, ascending. */
export function sidsOf({ members, observers }: Sizes, firstSid = 1): number[] {
  return [
    ...Array.from({ length: members }, (_, index) => firstSid + index),
    ...Array.from({ length: observers }, (_, index) => OBSERVER_SID_MIN + index),
  ];
}

/** How many pods each set needs so that every member has one. */
export function sizesCovering({ voters, observers }: Membership, firstSid: number): Sizes {
  const sids = [...voters, ...observers];
  const sizeOf = (component: Component): number =>
    Math.max(
      0,
      ...sids
        .filter((sid) => componentOf(sid) === component)
        .map((sid) => sid - lastSid(component, 0, firstSid)),
    );
  return { members: sizeOf("members"), observers: sizeOf("observers") };
}

/** Whether an ensemble sleeps, or is to; not before it has been imported, or recovered. */
export function isToHibernate({ wanted, observed }: EnsembleView): boolean {
  const { phase } = observed.recorded;
  return wanted.isHibernated && phase !== "Importing" && phase !== "Recovering";
}

/** "Member 3", or "Members 1 and 3". */
export function nameMembers(sids: readonly number[]): string {
  const names = sids.map(String);
  const last = names.pop() ?? "none";
  return names.length === 0 ? `Member ${last}` : `Members ${names.join(", ")} and ${last}`;
}
