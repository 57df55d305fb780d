/**
 * Whether an ensemble comes closer to what is wanted. Steps that are taken are no measure of it: a
 * pod that ends again and again gets many. What counts is how much is not as wanted yet, at the
 * fewest since the specification changed: members that fail and recover do not start the clock
 * anew. The time at which it came to be so few is on record in the status, so that it does not
 * matter which operator looks.
 */
import type { EnsembleStep } from "./ensemble-action.ts";
import type { EnsembleObserved } from "./ensemble-observed.ts";
import {
  componentOf,
  isImported,
  isSound,
  isToHibernate,
  membersToBe,
  sidsOf,
  viewEnsemble,
} from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";
import type { EnsembleWanted } from "./ensemble-wanted.ts";
import { outdatedMembers } from "./roll.ts";

/** How far an ensemble has come. */
export interface Progress {
  /** Things that were not as wanted yet, at the fewest. */
  readonly remaining: number;
  /** When they came to be so few (RFC 3339). */
  readonly since: string;
}

/** What the planner was told and answered, and when. */
export interface ProgressContext {
  readonly wanted: EnsembleWanted;
  readonly observed: EnsembleObserved;
  readonly step: EnsembleStep;
  /** The time now, RFC 3339. */
  readonly now: string;
}

/**
 * How far it has come by now; null when there is nothing to do.
 *
 * @param before - as it was recorded; null if there was nothing to do, or something else.
 */
export function followProgress(context: ProgressContext, before: Progress | null): Progress | null {
  const { wanted, observed, step, now } = context;
  if (step.action.kind === "none") return null;
  const remaining = countRemaining(viewEnsemble(wanted, observed));
  return before !== null && before.remaining <= remaining ? before : { remaining, since: now };
}

/** Whether there has been no progress for longer than `deadlineSeconds`. */
export function isOverdue({ since }: Progress, now: string, deadlineSeconds: number): boolean {
  return Date.parse(now) - Date.parse(since) > deadlineSeconds * 1000;
}

function countRemaining(view: EnsembleView): number {
  const { members } = view.observed;
  if (isToHibernate(view)) return members.filter(({ pod }) => pod !== null).length;
  const unsound = membersToBe(view).filter((member) => !isSound(view, member));
  const short = members.filter(({ claims }) => claims.some(({ growth }) => growth !== "none"));
  const { outgrown } = view.observed.children;
  const volumes = short.length + outgrown.length;
  return unsound.length + countMisplaced(view) + outdatedMembers(view).length + volumes;
}

/** Members without their place in the membership, and places of those that are to leave it. */
function countMisplaced({ wanted, observed }: EnsembleView): number {
  const { committed, recorded } = observed;
  const { voters, observers } = committed ?? { voters: [], observers: [] };
  const sizes = { members: wanted.replicas, observers: wanted.observers };
  const target = sidsOf(sizes, recorded.firstSid);
  const missing = target.filter((sid) => {
    return !(componentOf(sid) === "members" ? voters : observers).includes(sid);
  });
  const staysElsewhere = wanted.import?.takesOver !== true;
  const surplus = [...voters, ...observers].filter((sid) => {
    return !target.includes(sid) && !(staysElsewhere && isImported(observed, sid));
  });
  return missing.length + surplus.length;
}
