/**
 * The objects around pods: made and changed whenever they are not as wanted, which harms nobody, as
 * running pods do not follow them. Sizes are another matter: a smaller StatefulSet ends a pod.
 */
import type { EnsembleStep } from "./ensemble-action.ts";
import type { Component } from "./ensemble-observed.ts";
import { isCommitted, isToHibernate, lastSid, nameMembers } from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";

const COMPONENTS: readonly Component[] = ["members", "observers"];

/** Brings the children's form up to date; their sizes stay. */
export function planChildren(view: EnsembleView): EnsembleStep | null {
  const { children, recorded } = view.observed;
  const isFounding = recorded.phase === "Forming";
  const sizeToBe = (component: Component): number =>
    isToHibernate(view) ? 0 : recorded.sizes[component];
  const sizeOf = (component: Component): number => children.sizes[component] ?? sizeToBe(component);
  const areThere = COMPONENTS.every(
    (component) => children.sizes[component] !== null || sizeToBe(component) === 0,
  );
  if (areThere && children.isCurrent && children.isFounding === isFounding) return null;
  return {
    action: {
      kind: "applyChildren",
      sizes: { members: sizeOf("members"), observers: sizeOf("observers") },
      isFounding,
    },
    reason: describeChange(areThere && children.isCurrent, isFounding),
    progress: progressOf(view),
  };
}

function progressOf(view: EnsembleView): EnsembleStep["progress"] {
  const { phase } = view.observed.recorded;
  if (phase === "Forming" || phase === "Importing" || phase === "Recovering") return phase;
  return isToHibernate(view) ? "Hibernating" : "Rolling";
}

function describeChange(isFormCurrent: boolean, isFounding: boolean): string {
  if (!isFormCurrent) return "The objects of the members are missing or out of date";
  if (isFounding) return "The founders need the permission to form an ensemble";
  return "The ensemble runs: no member may form one any more";
}

/**
 * Brings the StatefulSets to the recorded sizes. Growing restores what was decided before; a
 * smaller size needs to be safe now, whatever was safe when it was written down.
 */
export function planSizes({ observed }: EnsembleView): EnsembleStep | null {
  for (const component of COMPONENTS) {
    const fromReplicas = observed.children.sizes[component];
    const replicas = observed.recorded.sizes[component];
    if (fromReplicas === null || fromReplicas === replicas) continue;
    const action = { kind: "resizeStatefulSet", component, fromReplicas, replicas } as const;
    if (fromReplicas < replicas) {
      const isWaking = component === "members" && fromReplicas === 0;
      const isRecovering = observed.recorded.phase === "Recovering";
      const reason = `There are fewer pods of ${component} than were written down`;
      const progress = isRecovering ? "Recovering" : isWaking ? "Waking" : "Scaling";
      return { action, reason, progress };
    }
    const { committed } = observed;
    if (committed === null) continue;
    const leaving = Array.from({ length: fromReplicas - replicas }, (_, index) =>
      lastSid(component, replicas + index + 1, observed.recorded.firstSid),
    );
    // A size that was written down and covers a member no more is mended by planScale().
    if (leaving.some((sid) => isCommitted(committed, sid))) continue;
    const reason = `${nameMembers(leaving)} left the membership and the pod can go`;
    return { action, reason, progress: "Scaling" };
  }
  return null;
}
