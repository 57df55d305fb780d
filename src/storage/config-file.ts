/**
 * `activeConfig`, beside the epoch files: the configuration of the ensemble that this server knows
 * to be in force, as text. It is replaced as a whole, and lies with the data that it belongs to.
 * What was proposed after it is in the log. ZooKeeper, which has no such file, leaves it alone.
 */
import type { Folder } from "./folder.ts";

const activeName = "activeConfig";

/** Far more than 255 servers take. */
const configBytesMax = 1024 * 1024;

export function saveActiveConfig(folder: Folder, text: string): Promise<void> {
  return folder.replaceText(activeName, text);
}

/** Null when none was ever saved. */
export function readActiveConfig(folder: Folder): Promise<string | null> {
  return folder.readText(activeName, configBytesMax);
}
