/**
 * Moving the leadership away from a member that is about to go. If members fail at it again and
 * again, it is done without: a server that stops hands over by itself, and clients at worst wait
 * for an election.
 */
import type { EnsembleStep } from "./ensemble-action.ts";
import type { ObservedMember } from "./ensemble-observed.ts";
import { isDue, isImported, isSound, memberOf } from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";

/** Failures in a row after which it is not tried any more. */
const FAILURES_MAX = 3;

/** What is to be done after the hand-over, and who may lead meanwhile. */
export interface HandOver {
  readonly reason: string;
  readonly progress: EnsembleStep["progress"];
  readonly mayLead: (member: ObservedMember) => boolean;
}

/** A hand-over if `sid` leads and somebody can take over; otherwise null. */
export function planHandOver(
  view: EnsembleView,
  sid: number,
  { reason, progress, mayLead }: HandOver,
): EnsembleStep | null {
  const { observed, leader } = view;
  if (leader?.sid !== sid || observed.failedHandOvers >= FAILURES_MAX) return null;
  const voters = (observed.committed?.voters ?? []).map((voter) => memberOf(observed, voter));
  const [successor] = voters
    .filter((member) => member.sid !== sid && isSound(view, member) && mayLead(member))
    // ZooKeeper's servers do not know hand-overs.
    .filter((member) => !isImported(observed, member.sid))
    .sort(compareSuccessors);
  if (successor === undefined) return null;
  return { action: { kind: "transferLeadership", from: sid, to: successor.sid }, reason, progress };
}

/** The best first: one that need not be replaced soon, then one with little to catch up. */
function compareSuccessors(a: ObservedMember, b: ObservedMember): number {
  const lagOf = ({ report }: ObservedMember): number => report?.lag ?? 0;
  return Number(isDue(a)) - Number(isDue(b)) || lagOf(a) - lagOf(b) || a.sid - b.sid;
}
