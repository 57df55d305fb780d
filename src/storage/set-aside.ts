/**
 * Putting the history in a server's folders aside, for people to look at and remove: the folders
 * `version-2` get another name, and whoever starts there finds an empty disk. The log's goes first:
 * the other one says whose history it was, for as long as there is anything left to do.
 */
import path from "node:path";
import { versionFolder } from "./file-names.ts";
import { Folder } from "./folder.ts";
import { nodeFiles } from "./node-files.ts";
import type { StorageOptions } from "./storage-options.ts";

/** A name for each time that the same history is put aside, as by one who restores backups. */
const TIMES_MAX = 1000;

/**
 * Renames the folders, durably; does nothing where there are none.
 *
 * @param name - of what they become; with a number at its end if that is taken.
 * @throws StorageError when they cannot be renamed.
 */
export async function setFoldersAside(
  { dataDir, dataLogDir }: Pick<StorageOptions, "dataDir" | "dataLogDir">,
  name: string,
): Promise<void> {
  for (const each of new Set([dataLogDir, dataDir])) {
    const folder = new Folder(nodeFiles, path.resolve(each));
    if (!(await nodeFiles.exists(folder.fileOf(versionFolder)))) continue;
    await folder.rename(versionFolder, await freeName(folder, name));
  }
}

async function freeName(folder: Folder, name: string): Promise<string> {
  for (let time = 2, candidate = name; time < TIMES_MAX; time += 1) {
    if (!(await nodeFiles.exists(folder.fileOf(candidate)))) return candidate;
    candidate = `${name}-${time}`;
  }
  return name;
}
