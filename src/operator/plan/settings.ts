/**
 * Which members go by other settings than they are to have. Those that only a restart brings are
 * seen by the pod, which is replaced; the others a member takes up by itself, and says so.
 */
import type { EnsembleView } from "./ensemble-view.ts";
import type { ObservedMember } from "./ensemble-observed.ts";

/** The members that have not read the newest settings yet, or do not say so; by ascending id. */
export function membersToReload(view: EnsembleView): number[] {
  return answering(view)
    .filter(({ report, settingsDigest }) => report?.settings?.digest !== settingsDigest)
    .map(({ sid }) => sid);
}

/** The members that have read them and say that they need a restart, though their pods do not. */
export function membersToRestart(view: EnsembleView): number[] {
  return answering(view)
    .filter(({ report, settingsDigest }) => {
      return report?.settings?.digest === settingsDigest && report?.settings?.awaitsRestart;
    })
    .map(({ sid }) => sid);
}

/** Pods that are to be replaced get their settings then; who does not answer serves nobody. */
function answering({ observed }: EnsembleView): ObservedMember[] {
  return observed.members.filter(({ pod, report, settingsDigest }) => {
    const isToStay = pod?.state === "running" && pod.isCurrent;
    return isToStay && report !== null && settingsDigest !== undefined;
  });
}
