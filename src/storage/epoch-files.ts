/**
 * The two promises of a voter that outlive it: `acceptedEpoch`, the newest epoch whose leader it
 * has promised to follow, and `currentEpoch`, the epoch whose initial history it has on disk
 * (Zab's `f.p` and `f.a`). Each is a file with a decimal number, replaced as a whole.
 */
import type { Logger } from "../observe/index.ts";
import type { Folder } from "./folder.ts";
import { StorageError } from "./storage-error.ts";

/** The epochs of a server. 0 before the first election. */
export interface Epochs {
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
}

const acceptedName = "acceptedEpoch";
const currentName = "currentEpoch";

/** More than any epoch with a line's end takes. */
const epochBytesMax = 64;

export function saveAcceptedEpoch(folder: Folder, epoch: number): Promise<void> {
  return folder.replaceText(acceptedName, String(epoch));
}

export function saveCurrentEpoch(folder: Folder, epoch: number): Promise<void> {
  return folder.replaceText(currentName, String(epoch));
}

/**
 * Reads both epochs and settles them with the log, whose last transaction belongs to `lastEpoch`.
 *
 * A missing file is written anew as `lastEpoch`. A log that is ahead of `currentEpoch` comes from
 * a stop between syncing the new leader's transactions and writing the file: since a transaction
 * of an epoch stands behind the whole initial history of that epoch, the file is brought forward,
 * provided that the epoch had been accepted.
 *
 * @throws StorageError `corrupt-epoch` when the numbers contradict each other.
 */
export async function recoverEpochs(
  folder: Folder,
  lastEpoch: number,
  logger: Logger,
): Promise<Epochs> {
  const currentOnDisk = await readEpoch(folder, currentName);
  const acceptedOnDisk = await readEpoch(folder, acceptedName);
  const acceptedEpoch = acceptedOnDisk ?? lastEpoch;
  let currentEpoch = currentOnDisk ?? lastEpoch;
  if (lastEpoch > currentEpoch) {
    if (acceptedEpoch < lastEpoch) {
      throw contradiction(folder, currentEpoch, `the log's last epoch ${lastEpoch} is newer`);
    }
    logger.warn("Current epoch is behind the log: brought forward", { currentEpoch, lastEpoch });
    currentEpoch = lastEpoch;
  }
  if (currentEpoch > acceptedEpoch) {
    throw contradiction(folder, currentEpoch, `the accepted epoch ${acceptedEpoch} is older`);
  }
  if (acceptedOnDisk === null) await saveAcceptedEpoch(folder, acceptedEpoch);
  if (currentOnDisk !== currentEpoch) await saveCurrentEpoch(folder, currentEpoch);
  return { acceptedEpoch, currentEpoch };
}

/** The epochs as they stand in the files; null for a missing one. */
export async function readEpochs(
  folder: Folder,
): Promise<{ acceptedEpoch: number | null; currentEpoch: number | null }> {
  return {
    acceptedEpoch: await readEpoch(folder, acceptedName),
    currentEpoch: await readEpoch(folder, currentName),
  };
}

async function readEpoch(folder: Folder, name: string): Promise<number | null> {
  const text = (await folder.readText(name, epochBytesMax))?.trim();
  if (text === undefined) return null;
  const epoch = /^-?\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (epoch >= 0 && epoch <= 0x7fffffff) return epoch;
  const found = JSON.stringify(text.slice(0, 40));
  const file = folder.fileOf(name);
  throw new StorageError("corrupt-epoch", `Cannot read '${file}': ${found} is no epoch`, { file });
}

function contradiction(folder: Folder, currentEpoch: number, why: string): StorageError {
  const file = folder.fileOf(currentName);
  const message = `Cannot use '${file}': current epoch is ${currentEpoch}, but ${why}`;
  return new StorageError("corrupt-epoch", message, { file });
}
