/**
 * The planner of whole ensembles: from what is wanted and what is there to the next safe action,
 * and the reason why. A pure function without memory: an adapter carries the one action out,
 * observes, and asks again, so that a crash between any two actions loses nothing. What it keeps:
 *
 * 1. An ensemble is formed once. Only the members that were written down before the first pod may
 *    form it, and nobody may after a quorum has served, not even if all but volumes was deleted,
 *    nor where one is imported.
 * 2. Membership changes by reconfiguration, one member at a time, on the condition that nothing
 *    else changed it; a member has all data before it gets its vote, and loses its vote before its
 *    pod and its volume go.
 * 3. No pod that serves is deleted while another voter is not sound, nor while another pod is
 *    ending.
 * 4. The leader is the last that is touched, after another member has taken over.
 * 5. Without a quorum nothing that may hold data is touched, but that volumes may grow.
 * 6. A quorum that is lost for good is given up only with the user's consent to that very loss, and
 *    all members have ended before the survivor begins an ensemble of its own.
 */
import { findUnmarked } from "./adopt.ts";
import { planChildren, planSizes } from "./children.ts";
import type { EnsembleStep } from "./ensemble-action.ts";
import type { EnsembleObserved } from "./ensemble-observed.ts";
import { isSound, membersToBe, nameMembers, viewEnsemble } from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";
import type { EnsembleWanted } from "./ensemble-wanted.ts";
import { planBeginning, planFormation, planFormed } from "./form.ts";
import { planClaimGrowth, planTemplateGrowth, planVolumes } from "./grow-volumes.ts";
import { planHealing } from "./heal.ts";
import { planHibernation } from "./hibernate.ts";
import { planBurial, planImportBeginning, planImported, planTakeOver } from "./import.ts";
import { planRecovered, planRecovery, planStop, planSurvivor } from "./recover.ts";
import { planDeletion, planRetirement } from "./retire.ts";
import { planReplacement, planRoll } from "./roll.ts";
import { planCover, planScaling, planShrinking } from "./scale.ts";

/** What every part of the planner is: a step if it has one to ask for. */
type Part = (view: EnsembleView) => EnsembleStep | null;

/** The parts in the order in which they are asked: the first step is the one to take. */
const FORMING: readonly Part[] = [
  planFormed,
  planChildren,
  planClaimGrowth,
  planHibernation,
  planSizes,
  planReplacement,
  planFormation,
];
const IMPORTING: readonly Part[] = [
  planImported,
  planChildren,
  planClaimGrowth,
  planCover,
  planSizes,
  planReplacement,
  planHealing,
  planShrinking,
  planRetirement,
  planBurial,
  planRoll,
  planTemplateGrowth,
  planScaling,
  planTakeOver,
];
const RECOVERING: readonly Part[] = [
  planRecovered,
  planStop,
  planChildren,
  planClaimGrowth,
  planSizes,
  planSurvivor,
];
const RUNNING: readonly Part[] = [
  planRecovery,
  planChildren,
  planClaimGrowth,
  planCover,
  planHibernation,
  planSizes,
  planReplacement,
  planHealing,
  planShrinking,
  planRetirement,
  planRoll,
  planTemplateGrowth,
  planScaling,
];

const PARTS = {
  Forming: FORMING,
  Importing: IMPORTING,
  Running: RUNNING,
  Recovering: RECOVERING,
} as const;

/** The next safe action. */
export function planEnsemble(wanted: EnsembleWanted, observed: EnsembleObserved): EnsembleStep {
  const view = viewEnsemble(wanted, observed);
  if (wanted.isDeleted) return planDeletion(view);
  const { phase } = observed.recorded;
  const step = wanted.isPaused ? PAUSED : planPhase(view);
  const isIdle = step.action.kind === "wait" || step.action.kind === "none";
  if (phase !== "Running" || !isIdle) return step;
  // Marks of claims only say what is: they are made as soon as nothing else can be done.
  const marking = findUnmarked(view);
  return marking === null ? step : { ...step, action: marking };
}

const PAUSED: EnsembleStep = {
  action: { kind: "none" },
  reason: "The ensemble is paused: the operator looks on",
  progress: "Paused",
};

function planPhase(view: EnsembleView): EnsembleStep {
  const { phase } = view.observed.recorded;
  if (phase === null) {
    return view.wanted.import === null ? planBeginning(view) : planImportBeginning(view);
  }
  for (const part of PARTS[phase]) {
    const step = part(view);
    if (step !== null) return step;
  }
  return planRest(view);
}

/** Nothing to do; but is all as wanted? */
function planRest(view: EnsembleView): EnsembleStep {
  if (view.observed.committed === null) {
    const reason = "No quorum serves, and nothing can be done from here";
    return { action: { kind: "wait" }, reason, progress: "Waiting" };
  }
  const unsound = membersToBe(view).filter((member) => !isSound(view, member));
  if (unsound.length > 0) {
    const reason = `${nameMembers(unsound.map(({ sid }) => sid))} must become synchronised`;
    return { action: { kind: "wait" }, reason, progress: "Waiting" };
  }
  const step = planVolumes(view);
  if (step !== null) return step;
  return { action: { kind: "none" }, reason: "Everything is as wanted", progress: "AsWanted" };
}
