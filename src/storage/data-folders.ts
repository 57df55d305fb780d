/**
 * Makes the two `version-2` folders fit for use when a storage is opened: created or found, locked
 * against other servers, free of what interrupted writes left, and not mixed up.
 */
import path from "node:path";
import { isLeftover, parseLogNames, parseSnapshotNames, versionFolder } from "./file-names.ts";
import type { FileOps, HeldLock } from "./file-ops.ts";
import { Folder } from "./folder.ts";
import { nodeFiles } from "./node-files.ts";
import { StorageError, errnoOf } from "./storage-error.ts";
import type { StorageOptions } from "./storage-options.ts";

/** The folders of one server, locked. */
export interface DataFolders {
  /** Snapshots and epochs. */
  readonly snapshots: Folder;
  /** The transaction log; the same one where `dataLogDir` is `dataDir`. */
  readonly logs: Folder;
  /** Gives the folders free. */
  unlock(): Promise<void>;
}

/** @throws StorageError as `Storage.open` does, with nothing locked. */
export async function openDataFolders(options: StorageOptions): Promise<DataFolders> {
  const files = options.files ?? nodeFiles;
  const dataDir = path.resolve(options.dataDir);
  const dataLogDir = path.resolve(options.dataLogDir);
  const locks: HeldLock[] = [];
  const unlock = async (): Promise<void> => {
    for (const lock of locks) await lock.release();
  };
  try {
    for (const folder of new Set([dataDir, dataLogDir])) {
      const versioned = path.join(folder, versionFolder);
      if (options.createFolders !== false) await createFolder(files, versioned);
      else await refuseMissing(files, versioned);
      locks.push(await files.lock(folder));
    }
    const snapshots = new Folder(files, path.join(dataDir, versionFolder));
    const logs =
      dataDir === dataLogDir ? snapshots : new Folder(files, path.join(dataLogDir, versionFolder));
    await checkFolders(snapshots, logs);
    return { snapshots, logs, unlock };
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function checkFolders(snapshots: Folder, logs: Folder): Promise<void> {
  const snapNames = await snapshots.names();
  if (snapshots !== logs) {
    const logNames = await logs.names();
    refuseMisplaced(snapshots, "logs", parseLogNames(snapNames).length);
    refuseMisplaced(logs, "snapshots", parseSnapshotNames(logNames).length);
  }
  const leftovers = snapNames.filter(isLeftover);
  for (const name of leftovers) await snapshots.remove(name);
  if (leftovers.length > 0) await snapshots.sync();
}

function refuseMisplaced(folder: Folder, what: string, count: number): void {
  if (count === 0) return;
  throw new StorageError(
    "misplaced-files",
    `Cannot use '${folder.path}': it holds ${what}, which belong to the other one of dataDir and ` +
      "dataLogDir; move them there",
    { file: folder.path },
  );
}

async function refuseMissing(files: FileOps, folder: string): Promise<void> {
  if (await files.exists(folder)) return;
  const message = `Cannot use '${folder}': it is missing, and 'datadir.autocreate' is false`;
  throw new StorageError("missing-folder", message, { file: folder });
}

/** Creates a folder and those above it, and makes their names durable. */
async function createFolder(files: FileOps, folder: string): Promise<void> {
  // Not Node's recursive mkdir: it never ends below a folder that takes no new ones, as /proc.
  if (await files.exists(folder)) return;
  const parent = path.dirname(folder);
  if (parent !== folder) await createFolder(files, parent);
  try {
    await files.createFolder(folder);
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return;
    throw StorageError.from(error, "create folder", folder);
  }
  await new Folder(files, parent).sync();
}
