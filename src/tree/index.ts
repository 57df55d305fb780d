/** The face of `tree/`: the replicated state, and how requests read and change it. */
export { fixAcl, isAllowed } from "./acl.ts";
export { isEphemeral } from "./create-mode.ts";
export { DataTree, configPath } from "./data-tree.ts";
export type { TxnResult } from "./data-tree.ts";
export { isDue } from "./due-nodes.ts";
export { digestVersion } from "./digest.ts";
export type { QuotaExcess } from "./limits.ts";
export type { TreeListener } from "./node-store.ts";
export { Preparer } from "./prepare.ts";
export type { PrepareOptions, PreparedTxn, ReconfigGate } from "./prepare-request.ts";
export { ReadService, isReadOp, isWriteOp } from "./reads.ts";
export type { ReadContext } from "./reads.ts";
export { SessionTracker } from "./session-tracker.ts";
export type { SessionOwner } from "./session-tracker.ts";
export { WatchTable } from "./watches.ts";
export type { Watcher } from "./watches.ts";
