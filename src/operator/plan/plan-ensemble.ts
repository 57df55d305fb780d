/**
 * The planner of whole ensembles: from what is wanted and what is there to the next safe action,
 * and the reason why. A pure function without memory: an adapter carries the one action out,
 * observes, and asks again, so that a crash between any two actions loses nothing. What it keeps:
 *
 * 1. An ensemble is formed once. Only the members that were written down before the first pod may
 *    form it, and nobody may after a quorum has served.
 * 2. Membership changes by reconfiguration, one member at a time, on the condition that nothing
 *    else changed it; a member has all data before it gets its vote, and loses its vote before its
 *    pod and its volume go.
 * 3. No pod that serves is deleted while another voter is not sound, nor while another pod is
 *    ending.
 * 4. The leader is the last that is touched, after another member has taken over.
 * 5. Without a quorum nothing that may hold data is touched.
 */
import type { EnsembleStep } from "./ensemble-action.ts";
import type { EnsembleObserved } from "./ensemble-observed.ts";
import { planChildren, planSizes } from "./children.ts";
import { viewEnsemble } from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";
import type { EnsembleWanted } from "./ensemble-wanted.ts";
import { planBeginning, planFormation } from "./form.ts";

/** What every part of the planner is: a step if it has one to ask for. */
type Part = (view: EnsembleView) => EnsembleStep | null;

const FORMING: readonly Part[] = [planChildren, planSizes, planFormation];
const RUNNING: readonly Part[] = [planChildren, planSizes];

/** The next safe action. */
export function planEnsemble(wanted: EnsembleWanted, observed: EnsembleObserved): EnsembleStep {
  const view = viewEnsemble(wanted, observed);
  if (wanted.isPaused) {
    const reason = "The ensemble is paused: the operator looks on";
    return { action: { kind: "none" }, reason, progress: "Paused" };
  }
  const { phase } = observed.recorded;
  if (phase === null) return planBeginning(view);
  for (const part of phase === "Forming" ? FORMING : RUNNING) {
    const step = part(view);
    if (step !== null) return step;
  }
  return { action: { kind: "none" }, reason: "Everything is as wanted", progress: "AsWanted" };
}
