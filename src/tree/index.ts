/** The face of `tree/`: the replicated state, and how requests read and change it. */
export { defaultAclSchemes, fixAcl, isAllowed, isSuper } from "./acl.ts";
export { DataTree, configPath } from "./data-tree.ts";
export type { TxnResult } from "./data-tree.ts";
export { digestVersion } from "./digest.ts";
export { NodeKind, nodeKind, ttlOf } from "./node-kind.ts";
export type { TreeListener } from "./node-store.ts";
export { Preparer } from "./prepare.ts";
export type { PrepareOptions, PreparedTxn, PrepareRequest } from "./prepare.ts";
export { ReadService, isReadOp, isWriteOp } from "./reads.ts";
export type { ReadContext, ReadOptions } from "./reads.ts";
export { SessionTracker } from "./session-tracker.ts";
export type { SessionOwner } from "./session-tracker.ts";
export { WatchTable } from "./watches.ts";
export type { Watcher } from "./watches.ts";
export { statOf, writeNodeStat } from "./znode.ts";
export type { ZNode } from "./znode.ts";
