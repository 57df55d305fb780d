/**
 * Stopping all members and keeping their volumes: the first member takes over the leadership, the
 * others stop, it stops last. The sizes that were written down stay as they are; waking is nothing
 * but coming back to them, whatever the specification says by then.
 */
import type { EnsembleStep } from "./ensemble-action.ts";
import type { Component } from "./ensemble-observed.ts";
import { hasQuorum, isToHibernate, isVolumeLeaving } from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";
import { planHandOver } from "./hand-over.ts";
import { planHealing } from "./heal.ts";

/** The next step into hibernation; null unless it is wanted. */
export function planHibernation(view: EnsembleView): EnsembleStep | null {
  const { observed } = view;
  if (!isToHibernate(view)) return null;
  const { firstSid } = observed.recorded;
  if (observed.members.some(isVolumeLeaving)) {
    const reason = "A volume was deleted and would go with its pod";
    const wait = { action: { kind: "wait" }, reason, progress: "Waiting" } as const;
    return planHealing(view) ?? wait;
  }
  const { members, observers } = observed.children.sizes;
  if (observers !== null && observers > 0) {
    return resize("observers", observers, 0, "Observers stop for hibernation");
  }
  if (members !== null && members > 1) {
    const reason = "The members stop for hibernation, the first one last";
    const leaderSid = hasQuorum(view) ? view.leader?.sid : undefined;
    const handOver =
      leaderSid === undefined || leaderSid === firstSid
        ? null
        : planHandOver(view, leaderSid, {
            reason: "The first member stops last and takes over",
            progress: "Hibernating",
            mayLead: ({ sid }) => sid === firstSid,
          });
    return handOver ?? resize("members", members, 1, reason);
  }
  const others = observed.members.filter(({ sid, pod }) => sid !== firstSid && pod !== null);
  if (others.length > 0) {
    const reason = "Waiting for the other members to end";
    return { action: { kind: "wait" }, reason, progress: "Hibernating" };
  }
  if (members === 1) {
    return resize("members", 1, 0, "The first member stops as the last one");
  }
  if (observed.members.some(({ pod }) => pod !== null)) {
    const reason = "Waiting for the last member to end";
    return { action: { kind: "wait" }, reason, progress: "Hibernating" };
  }
  const reason = "All members are stopped; their volumes are kept";
  return { action: { kind: "none" }, reason, progress: "Hibernated" };
}

function resize(
  component: Component,
  fromReplicas: number,
  replicas: number,
  reason: string,
): EnsembleStep {
  const action = { kind: "resizeStatefulSet", component, fromReplicas, replicas } as const;
  return { action, reason, progress: "Hibernating" };
}
