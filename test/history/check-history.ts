/** All checks of a history at once. */
import { checkEphemerals, checkKept, checkSequences } from "./creations.ts";
import type { FinalTree } from "./creations.ts";
import { checkLinearizable } from "./linearizability.ts";
import type { History } from "./operation.ts";
import { checkSessions } from "./session-order.ts";
import { checkWriteOrder } from "./write-order.ts";

/** Everything that is wrong with `history` and the `tree` it ends in, as sentences. */
export function checkHistory(history: History, tree: FinalTree): string[] {
  const { operations } = history;
  return [
    ...checkLinearizable(operations),
    ...checkWriteOrder(operations),
    ...checkSessions(history),
    ...checkSequences(operations, tree),
    ...checkKept(operations, tree),
    ...checkEphemerals(history, tree),
  ];
}
