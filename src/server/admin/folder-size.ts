/** How much the files of a folder hold, for the reports. */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";

/** Bytes in the files of `folder`, as their lengths say; 0 for a folder that is not there. */
export async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  let bytes = 0;
  for (const name of names) {
    // A purge may remove a file while we look.
    const found = await stat(path.join(folder, name)).catch(() => null);
    if (found?.isFile() === true) bytes += found.size;
  }
  return bytes;
}
