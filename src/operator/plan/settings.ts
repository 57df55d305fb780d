/**
 * Which members go by other settings than they are to have, and will take them up by themselves.
 * Those that need a restart for it are out of date, and are replaced.
 */
import { isOutOfDate } from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";

/**
 * The members that run and have not read the newest settings yet, or do not say so; by ascending
 * id. Who does not answer at all serves nobody.
 */
export function membersToReload({ observed }: EnsembleView): number[] {
  const isToReload = observed.members.filter((member) => {
    const { pod, report, settingsDigest } = member;
    if (settingsDigest === undefined || report === null) return false;
    const isToStay = pod?.state === "running" && !isOutOfDate(member);
    return isToStay && report.settings?.digest !== settingsDigest;
  });
  return isToReload.map(({ sid }) => sid);
}
