/** The face of `storage/`: one server's durable state, in ZooKeeper's formats. */
export type { RecoveryTarget } from "./recovery.ts";
export type { SnapshotDigest } from "./snapshot-format.ts";
export { Storage } from "./storage.ts";
export type { RecoveredState, StorageOptions } from "./storage.ts";
export { StorageError, isOutOfSpace } from "./storage-error.ts";
