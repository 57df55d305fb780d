/**
 * What a server's folders say before it starts, to whoever writes its configuration. Nothing is
 * locked or changed, and a history is not looked into.
 */
import path from "node:path";
import type { VolumeRecord } from "../wire/index.ts";
import { readActiveConfig } from "./config-file.ts";
import { isLeftover, versionFolder } from "./file-names.ts";
import { Folder } from "./folder.ts";
import { nodeFiles } from "./node-files.ts";
import type { StorageOptions } from "./storage-options.ts";
import { readVolumeRecord } from "./volume-file.ts";

/** What was seen. */
export interface FoldersAtRest {
  /** Whether no server has ever taken part with them. */
  readonly isUnused: boolean;
  /** The members in force as the server last knew them, as text; null if it knew none. */
  readonly activeConfig: string | null;
}

/** @throws StorageError when they cannot be read. */
export async function peekFolders(
  options: Pick<StorageOptions, "dataDir" | "dataLogDir">,
): Promise<FoldersAtRest> {
  const { dataDir, dataLogDir } = options;
  let isUnused = true;
  let activeConfig: string | null = null;
  for (const folder of new Set([dataDir, dataLogDir])) {
    const versioned = new Folder(nodeFiles, path.resolve(folder, versionFolder));
    if (!(await nodeFiles.exists(versioned.path))) continue;
    const names = await versioned.names();
    isUnused &&= names.every(isLeftover);
    activeConfig ??= await readActiveConfig(versioned);
  }
  return { isUnused, activeConfig };
}

/**
 * What the disk says of itself; null when it says nothing.
 * @throws StorageError `corrupt-volume` when it cannot be made out.
 */
export function peekVolume({
  dataDir,
}: Pick<StorageOptions, "dataDir">): Promise<VolumeRecord | null> {
  return readVolumeRecord(new Folder(nodeFiles, path.resolve(dataDir, versionFolder)));
}
