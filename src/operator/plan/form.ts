/**
 * How an ensemble begins: once. Before the first pod it is written down who may form it, and only
 * those members, with empty volumes, may vote from nothing. When a quorum has served it is written
 * down that the ensemble runs, and the permission goes for ever: from then on an empty volume is
 * a lost one.
 */
import type { EnsembleStep } from "./ensemble-action.ts";
import type { Sizes } from "./ensemble-observed.ts";
import { hasQuorum, nameMembers, sidsOf } from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";

/** The first step of all. */
export function planBeginning({ wanted }: EnsembleView): EnsembleStep {
  if (wanted.isHibernated) {
    const reason = "The ensemble is to be hibernated and has not begun";
    return { action: { kind: "none" }, reason, progress: "Hibernated" };
  }
  const sizes: Sizes = { members: wanted.replicas, observers: 0 };
  const founders = sidsOf(sizes);
  return {
    action: { kind: "recordForming", founders, sizes },
    reason: `${nameMembers(founders)} may form the ensemble`,
    progress: "Forming",
  };
}

/** From the first pods to the first quorum. */
export function planFormation(view: EnsembleView): EnsembleStep {
  const progress = "Forming";
  if (hasQuorum(view)) {
    const reason = "A quorum serves: the ensemble has formed";
    return { action: { kind: "recordRunning" }, reason, progress };
  }
  const { founders } = view.observed.recorded;
  const reason = `Waiting for a quorum of ${nameMembers(founders).toLowerCase()}`;
  return { action: { kind: "wait" }, reason, progress };
}
