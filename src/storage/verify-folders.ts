/**
 * What a server would recover from its folders, found out without changing or locking anything:
 * torn tails stay, damaged snapshots stay where they are. The server may be running; then the end
 * that is found is one that its log had at some moment meanwhile.
 */
import path from "node:path";
import type { Logger } from "../observe/index.ts";
import { readEpochs } from "./epoch-files.ts";
import { versionFolder } from "./file-names.ts";
import { Folder } from "./folder.ts";
import { nodeFiles } from "./node-files.ts";
import { recoverHistory } from "./recovery.ts";
import type { RecoveryTarget } from "./recovery.ts";
import { SnapshotStore } from "./snapshot-store.ts";

/** What was found. */
export interface VerifiedState {
  readonly lastZxid: bigint;
  /** The snapshot that a server would start from; -1 when there is none. */
  readonly snapshotZxid: bigint;
  /** Null where the file is missing. */
  readonly acceptedEpoch: number | null;
  readonly currentEpoch: number | null;
}

/**
 * Recovers into `target`; what a server would report as a warning goes to `logger`.
 * @throws StorageError as `Storage.recover` does.
 */
export async function verifyFolders(
  folders: { readonly dataDir: string; readonly dataLogDir: string; readonly logger: Logger },
  target: RecoveryTarget,
): Promise<VerifiedState> {
  const { logger } = folders;
  const snapFolder = new Folder(nodeFiles, path.resolve(folders.dataDir, versionFolder));
  const logFolder = new Folder(nodeFiles, path.resolve(folders.dataLogDir, versionFolder));
  const snapshots = new SnapshotStore(snapFolder, null, logger);
  const source = { snapshots, logFolder, logger, trustEmpty: false, isReadOnly: true };
  const { lastZxid, snapshotZxid } = await recoverHistory(source, target, 0);
  return { lastZxid, snapshotZxid, ...(await readEpochs(snapFolder)) };
}
