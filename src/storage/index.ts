/** The face of `storage/`: one server's durable state, in ZooKeeper's formats. */
export { Folder } from "./folder.ts";
export type { LogHistory } from "./log-history.ts";
export { inspectLogFile, repairLogFile } from "./log-inspection.ts";
export type { LogInspection } from "./log-inspection.ts";
export { nodeFiles } from "./node-files.ts";
export { peekFolders, peekVolume } from "./peek-folders.ts";
export { isDamage } from "./quarantine.ts";
export type { RecoveryTarget } from "./recovery.ts";
export type { SnapshotDigest } from "./snapshot-format.ts";
export type { SnapshotTrailer } from "./snapshot-format.ts";
export { readSnapshotFile } from "./snapshot-store.ts";
export { setFoldersAside } from "./set-aside.ts";
export { Storage } from "./storage.ts";
export type { RecoveredState, StorageOptions } from "./storage-options.ts";
export { StorageError, isOutOfSpace } from "./storage-error.ts";
export { verifyFolders } from "./verify-folders.ts";
