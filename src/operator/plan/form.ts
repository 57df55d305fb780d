/**
 * How an ensemble begins: once. Before the first pod it is written down who may form it, and only
 * those members, with empty volumes, may vote from nothing. When a quorum has served it is written
 * down that the ensemble runs, and the permission goes for ever: from then on an empty volume is
 * a lost one.
 */
import type { EnsembleStep } from "./ensemble-action.ts";
import type { Sizes } from "./ensemble-observed.ts";
import { planAdoption, planMarking } from "./adopt.ts";
import { hasQuorum, nameMembers, sidsOf } from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";

const FIRST_SID = 1;

/** The first step of all. */
export function planBeginning(view: EnsembleView): EnsembleStep {
  return planAdoption(view) ?? planFounding(view);
}

function planFounding({ wanted }: EnsembleView): EnsembleStep {
  if (wanted.isHibernated) {
    const reason = "The ensemble is to be hibernated and has not begun";
    return { action: { kind: "none" }, reason, progress: "Hibernated" };
  }
  const sizes: Sizes = { members: wanted.replicas, observers: 0 };
  const founders = sidsOf(sizes, FIRST_SID);
  return {
    action: { kind: "recordForming", founders, sizes },
    reason: `${nameMembers(founders)} may form the ensemble`,
    progress: "Forming",
  };
}

/**
 * Writes down that a quorum has served, before anything else happens; null until it has. The
 * volumes say so first, which stay when the object goes.
 */
export function planFormed(view: EnsembleView): EnsembleStep | null {
  if (!hasQuorum(view)) return null;
  const marking = planMarking(view, "Forming");
  if (marking !== null) return marking;
  const reason = "A quorum serves: the ensemble has formed";
  return { action: { kind: "recordRunning" }, reason, progress: "Forming" };
}

/** Until then the founders are waited for. */
export function planFormation({ observed }: EnsembleView): EnsembleStep {
  const reason = `Waiting for a quorum of ${nameMembers(observed.recorded.founders).toLowerCase()}`;
  return { action: { kind: "wait" }, reason, progress: "Forming" };
}
