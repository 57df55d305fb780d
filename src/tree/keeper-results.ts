/**
 * From the results of a multi's parts to those of the operations that a client asked for: marked
 * `check` parts, which ClickHouse Keeper's operations leave, tell how they belong together.
 */
import { OpCode } from "../wire/index.ts";
import type { CheckVersionTxn, MultiResult, MultiTxn, SingleTxn } from "../wire/index.ts";

/**
 * Versions of check parts that say how results are to be read; versions of nodes do not get there,
 * since they count up from 0.
 */
export const KeeperMark = {
  /** The operation found the node at this path and created none: its result is the path. */
  present: -0x7fff_0001,
  /** The deletions from here to `endOfRemoval` are one operation with one result. */
  removal: -0x7fff_0002,
  endOfRemoval: -0x7fff_0003,
} as const;

/** `results` are those of the parts, by their order; returned as they are without marks. */
export function keeperResults(
  txn: MultiTxn,
  results: readonly MultiResult[],
): readonly MultiResult[] {
  if (!txn.txns.some(isMarked)) return results;
  const kept: MultiResult[] = [];
  let isInRemoval = false;
  for (const [index, part] of txn.txns.entries()) {
    const mark = isMarked(part) ? part.version : 0;
    if (mark === KeeperMark.removal) isInRemoval = true;
    if (mark === KeeperMark.endOfRemoval) isInRemoval = false;
    if (isInRemoval) continue;
    if (isMarked(part) && mark === KeeperMark.present) {
      kept.push({ type: OpCode.create, path: part.path });
    } else {
      kept.push(results[index]!);
    }
  }
  return kept;
}

function isMarked(part: SingleTxn): part is CheckVersionTxn {
  return (
    part.type === OpCode.check &&
    part.version <= KeeperMark.present &&
    part.version >= KeeperMark.endOfRemoval
  );
}
