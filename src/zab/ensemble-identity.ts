/**
 * The identity of the ensemble: a name that its first leader makes up or is given, which every disk
 * keeps, and which keeps servers and disks of different ensembles apart. Servers of ours tell it
 * to each other when a learner joins; whoever says nothing is not asked.
 *
 * It travels like the history does. A first leader writes its identity before its epoch, and its
 * learners take it over before they acknowledge NEWLEADER. So once a quorum has acknowledged, any
 * later leader has it, as it is no older than the newest of a quorum; from then on the identity is
 * final. Before, a disk gives one that came to nothing up for that of its leader.
 */
import { saveVolume } from "./peer-context.ts";
import type { PeerContext } from "./peer-context.ts";

/** Why this server and one that says `theirs` do not belong together; undefined when they do. */
export function identityConflict(
  { volume }: PeerContext,
  theirs: string | undefined,
): string | undefined {
  const { ensembleId, isIdSettled } = volume;
  if (ensembleId === null || theirs === undefined || theirs === ensembleId) return undefined;
  return isIdSettled
    ? `It is of ensemble '${theirs}', and this server's disk of ensemble '${ensembleId}'`
    : undefined;
}

/** A leader that nobody has led before it names the ensemble. */
export function nameNewEnsemble(context: PeerContext): void {
  const { volume, newEnsembleId, history, currentEpoch } = context;
  const isFirst = history.last === 0n && currentEpoch === 0;
  if (newEnsembleId === undefined || volume.ensembleId !== null || !isFirst) return;
  saveVolume(context, { ensembleId: newEnsembleId, isIdSettled: false });
}

/** Takes a leader's identity over, as a part of its history. */
export function adoptIdentity(context: PeerContext, theirs: string | undefined): void {
  if (theirs === undefined || theirs === context.volume.ensembleId) return;
  saveVolume(context, { ensembleId: theirs, isIdSettled: false });
}

/** A quorum has acknowledged the history that the identity came with. */
export function settleIdentity(context: PeerContext): void {
  const { ensembleId, isIdSettled } = context.volume;
  if (ensembleId !== null && !isIdSettled) saveVolume(context, { isIdSettled: true });
}
