/**
 * Going on with the data of one member when the quorum is lost for good. Nobody but the user can
 * accept what that may cost; what the user says is checked against all that can be known, and what
 * cannot be known counts against it.
 *
 * The order of things makes sure that there are never two ensembles of one name: it is written down
 * which member goes on and under which new identity; all pods end; then they are made anew with the
 * order to obey that. The survivor gives its volume the new identity and is the only voter; every
 * other volume begins empty, whenever it comes back, and its member joins as one that is new.
 */
import type { ReasonOf } from "../api/conditions.ts";
import { formatZxid } from "../format-zxid.ts";
import { planMarking } from "./adopt.ts";
import type { EnsembleStep } from "./ensemble-action.ts";
import type { ObservedMember, ObservedReport, RecordedRecovery } from "./ensemble-observed.ts";
import { hasQuorum, isToHibernate, memberOf, nameMembers, sidsOf } from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";
import type { RecoveryConsent } from "./ensemble-wanted.ts";

/** What the condition Recovered is to say. */
export interface RecoveryFact {
  readonly reason: ReasonOf<"Recovered">;
  readonly message: string;
}

/** The fact; null for an ensemble that never asked for it. */
export function describeRecovery(view: EnsembleView): RecoveryFact | null {
  const { wanted, observed } = view;
  const { phase, recovery } = observed.recorded;
  const consent = wanted.recovery;
  if (phase === "Recovering" && recovery !== null) {
    return { reason: "Recovering", message: describeLoss(recovery) };
  }
  if (recovery !== null && (consent === null || consent.ensembleUid === recovery.lostUid)) {
    return { reason: "Recovered", message: describeLoss(recovery) };
  }
  return consent === null ? null : (findObstacle(view, consent) ?? describeOffer(view, consent));
}

/** Writes the recovery down if the user has accepted it and nothing speaks against it. */
export function planRecovery(view: EnsembleView): EnsembleStep | null {
  const { recovery: consent } = view.wanted;
  if (consent?.acceptsLoss !== true || findObstacle(view, consent) !== null) return null;
  const recovery = recoveryOf(view, consent);
  const action = { kind: "recordRecovery", ...recovery } as const;
  return { action, reason: describeLoss(recovery), progress: "Recovering" };
}

/** Ends all members of before; null when none is left that does not know of the recovery. */
export function planStop({ observed }: EnsembleView): EnsembleStep | null {
  const { children, members } = observed;
  const progress = "Recovering";
  const isStopped = children.sizes.members === 0 && children.sizes.observers === 0;
  const stop: EnsembleStep = {
    action: { kind: "applyChildren", sizes: { members: 0, observers: 0 }, isFounding: false },
    reason: "All members have to end before the survivor goes on alone",
    progress,
  };
  // Whatever runs now may not know of the recovery: it ends with the change that says so.
  if (!children.isCurrent) return stop;
  if (!children.isSettled) {
    const reason = "The controller of StatefulSets has not seen their newest form";
    return { action: { kind: "wait" }, reason, progress };
  }
  const old = members.filter(({ pod }) => pod?.isCurrent === false);
  if (old.length === 0) return null;
  if (!isStopped) return stop;
  const names = nameMembers(old.map(({ sid }) => sid)).toLowerCase();
  const reason =
    `Waiting for ${names} to end: delete the pod of one by force if its node is known to be gone ` +
    "for good";
  return { action: { kind: "wait" }, reason, progress };
}

/** The survivor is waited for. */
export function planSurvivor({ observed }: EnsembleView): EnsembleStep {
  const { recovery } = observed.recorded;
  const reason = `Waiting for member ${recovery?.survivor ?? "none"} to serve alone`;
  return { action: { kind: "wait" }, reason, progress: "Recovering" };
}

/** Writes down that the survivor serves, and that its volume has the new identity before. */
export function planRecovered(view: EnsembleView): EnsembleStep | null {
  const { ensembleUid, recovery } = view.observed.recorded;
  if (!hasQuorum(view) || view.leader?.report?.ensembleUid !== ensembleUid) return null;
  const marking = planMarking(view, "Recovering");
  if (marking !== null) return marking;
  const reason = `Member ${recovery?.survivor ?? "none"} serves; the others join it one by one`;
  return { action: { kind: "recordRunning" }, reason, progress: "Recovering" };
}

/** Why a consent is not followed; null if only its word of acceptance may be missing. */
function findObstacle(view: EnsembleView, consent: RecoveryConsent): RecoveryFact | null {
  const { wanted, observed } = view;
  const { phase, ensembleUid } = observed.recorded;
  if (wanted.isPaused) return { reason: "Paused", message: "The ensemble is paused" };
  if (isToHibernate(view)) return { reason: "Hibernated", message: "The ensemble is hibernated" };
  if (phase !== "Running") {
    return { reason: "NothingLost", message: "The ensemble has not served yet" };
  }
  if (consent.ensembleUid !== ensembleUid) {
    const message = `spec.recovery is about ensemble ${consent.ensembleUid}, not ${ensembleUid}`;
    return { reason: "ConsentOutdated", message };
  }
  const follows = observed.members.some(({ report }) => (report?.role ?? "none") !== "none");
  if (observed.committed !== null || follows) {
    const message = "There is a leader: remove spec.recovery, there is nothing to recover";
    return { reason: "NothingLost", message };
  }
  return findUnfitness(view, consent) ?? findOthers(view, consent);
}

/** Why the survivor is none. */
function findUnfitness(
  { observed }: EnsembleView,
  { survivor, zxid }: RecoveryConsent,
): RecoveryFact | null {
  const member = memberOf(observed, survivor);
  const { pod, report } = member;
  const unfit = (why: string): RecoveryFact => {
    return { reason: "SurvivorUnfit", message: `${nameMembers([survivor])} ${why}` };
  };
  if (!votersToBe(observed.recorded).includes(survivor)) return unfit("is no voting member");
  if (pod?.state !== "running" || report === null) return unfit("does not run, or not answer");
  if (isGivenUp(member) || report.ensembleUid !== observed.recorded.ensembleUid) {
    return unfit("has no whole volume of this ensemble");
  }
  if (report.zxid === zxid) return null;
  const message =
    `The last transaction of member ${survivor} is ${formatZxid(report.zxid)}, and ` +
    `spec.recovery.zxid is ${formatZxid(zxid)}`;
  return { reason: "ConsentOutdated", message };
}

/** What others may still have that speaks against it. */
function findOthers(
  { observed }: EnsembleView,
  { survivor, zxid }: RecoveryConsent,
): RecoveryFact | null {
  const sids = votersToBe(observed.recorded);
  const able = sids.map((sid) => memberOf(observed, sid)).filter((one) => !isGivenUp(one));
  const others = able.filter(({ sid }) => sid !== survivor);
  // One that still reads what it has answers, but does not say yet what that is.
  const silent = others.filter(({ report }) => !isKnown(report)).map(({ sid }) => sid);
  if (silent.length > 0) {
    const claims = silent.flatMap((sid) => memberOf(observed, sid).claims.map(({ name }) => name));
    const message =
      `${nameMembers(silent)} may have a volume and does not say what is on it: bring it back, ` +
      `or delete the claim if the volume is gone for good (${claims.join(", ")})`;
    return { reason: "MembersSilent", message };
  }
  const better = others.find(({ report }) => (report?.zxid ?? 0n) > zxid);
  if (better?.report) {
    const message =
      `${nameMembers([better.sid])} has ${formatZxid(better.report.zxid)}, which is more than ` +
      `${formatZxid(zxid)} of member ${survivor}`;
    return { reason: "SurvivorBehind", message };
  }
  // Any of the memberships that they know may be the last one.
  for (const { report } of able) {
    const voters = report?.voters ?? sids;
    const left = able.map(({ sid }) => sid).filter((sid) => voters.includes(sid));
    if (left.length * 2 <= voters.length) continue;
    const message = `Of voters ${voters.join(", ")}, ${left.join(", ")} can be a quorum again`;
    return { reason: "QuorumMayReturn", message };
  }
  return null;
}

/**
 * Whether it is certain that a member cannot vote with what it once had: its volume is gone, or
 * somebody has given it up by deleting its claim, or the member says itself that it lost its data.
 */
function isGivenUp({ claims, report }: ObservedMember): boolean {
  if (claims.every(({ state }) => state === "bound") && claims.length > 0) {
    return (report?.diskProblem ?? null) !== null;
  }
  return true;
}

/** Whether a member says what is on its volume. */
function isKnown(report: ObservedReport | null): report is ObservedReport {
  return report !== null && report.ensembleUid !== null;
}

/** All that have a vote, or may be on their way to one. */
function votersToBe({ sizes, firstSid }: EnsembleView["observed"]["recorded"]): number[] {
  return sidsOf({ ...sizes, observers: 0 }, firstSid);
}

function describeOffer(view: EnsembleView, consent: RecoveryConsent): RecoveryFact {
  const recovery = recoveryOf(view, consent);
  if (consent.acceptsLoss) return { reason: "Recovering", message: describeLoss(recovery) };
  const message = `${describeLoss(recovery)}. If that is accepted: spec.recovery.acceptDataLoss`;
  return { reason: "NotAccepted", message };
}

function recoveryOf(
  { observed }: EnsembleView,
  { survivor, ensembleUid, zxid }: RecoveryConsent,
): RecordedRecovery {
  const sids = sidsOf(observed.recorded.sizes, observed.recorded.firstSid);
  const others = sids
    .filter((sid) => sid !== survivor)
    .map((sid) => ({ sid, zxid: lastZxidOf(memberOf(observed, sid)) }));
  return { survivor, lostUid: ensembleUid, zxid, others };
}

/** What a member has, or had before it lost its volume or was seen last; null if nobody knows. */
export function lastZxidOf({ report, lastZxid = 0n }: ObservedMember): bigint | null {
  if (isKnown(report) && report.diskProblem === null) return report.zxid;
  const reported = report?.zxid ?? 0n;
  const zxid = reported > lastZxid ? reported : lastZxid;
  return zxid > 0n ? zxid : null;
}

function describeLoss({ survivor, zxid, others }: RecordedRecovery): string {
  const known = others.map(
    (other) => `member ${other.sid} ${other.zxid === null ? "unknown" : formatZxid(other.zxid)}`,
  );
  const last = known.length === 0 ? "" : ` (last known: ${known.join(", ")})`;
  return (
    `Member ${survivor} goes on alone from ${formatZxid(zxid)}; what others had after that may ` +
    `be lost${last}`
  );
}
