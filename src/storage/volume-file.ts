/**
 * `volume.json`, in the folder of the snapshots: what the disk says of itself, in the form of
 * `src/wire/volume-record.ts`. It is replaced as a whole. Whoever empties the folder takes it away
 * with the data, as it should be: it speaks of that data alone.
 */
import { WireError, formatVolumeRecord, parseVolumeRecord } from "../wire/index.ts";
import type { VolumeRecord } from "../wire/index.ts";
import type { Folder } from "./folder.ts";
import { StorageError } from "./storage-error.ts";

const volumeName = "volume.json";

/** More than any record takes. */
const recordBytesMax = 1024;

export function saveVolumeRecord(folder: Folder, record: VolumeRecord): Promise<void> {
  return folder.replaceText(volumeName, formatVolumeRecord(record));
}

/**
 * The record in `folder`; null without one.
 * @throws StorageError `corrupt-volume` when it cannot be made out.
 */
export async function readVolumeRecord(folder: Folder): Promise<VolumeRecord | null> {
  const text = await folder.readText(volumeName, recordBytesMax);
  if (text === null) return null;
  try {
    return parseVolumeRecord(text);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const file = folder.fileOf(volumeName);
    const message = `Cannot read '${file}': it is no record of an ensemble's volume`;
    throw new StorageError("corrupt-volume", message, { file, cause: error });
  }
}
