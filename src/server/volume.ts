/**
 * What this server's disk is, before the server takes part: whose data it holds, and whether it is
 * whole. An empty disk where no ensemble is to begin is written down as incomplete before anybody
 * hears of this server, so that a crash half-way through its synchronisation does not make a voter
 * of it.
 */
import type { Logger } from "../observe/index.ts";
import { StorageError } from "../storage/index.ts";
import type { Storage } from "../storage/index.ts";
import { plainVolume } from "../wire/index.ts";
import type { VolumeRecord } from "../wire/index.ts";
import type { ServerConfig } from "./config/index.ts";

/** What the recovery has found. */
export interface FoundDisk {
  readonly isEmpty: boolean;
  /** Whether an empty disk may be taken for an empty ensemble. */
  readonly mayBeginEmpty: boolean;
}

/**
 * Reads the disk's record, or makes one, and makes it durable.
 *
 * @throws StorageError `wrong-ensemble` when the disk belongs to another one than is configured.
 */
export async function settleVolume(
  storage: Storage,
  config: ServerConfig,
  found: FoundDisk,
  logger: Logger,
): Promise<VolumeRecord> {
  const before = await storage.readVolume();
  let volume = before ?? plainVolume;
  if (config.ensembleId !== null) volume = withId(volume, config.ensembleId, config.dataDir);
  if (found.isEmpty && !found.mayBeginEmpty) volume = { ...volume, isIncomplete: true };
  if (volume.isIncomplete) {
    logger.warn("This server has no vote until a leader has made its disk whole");
  } else if (found.isEmpty && config.replicated && config.bootstrap === "automatic") {
    logger.warn(
      "The disk is empty, and this server votes all the same, as ZooKeeper's do: a disk that was " +
        "lost may cost acknowledged writes. With ensemble.bootstrap=explicit it would not vote",
    );
  }
  const isChanged = Object.entries(volume).some(
    ([key, value]) => (before ?? plainVolume)[key as keyof VolumeRecord] !== value,
  );
  if (isChanged) await storage.saveVolume(volume);
  return volume;
}

/** A disk without a name takes the configured one. */
function withId(volume: VolumeRecord, ensembleId: string, dataDir: string): VolumeRecord {
  const { ensembleId: onDisk, isIdSettled } = volume;
  if (onDisk !== null && onDisk !== ensembleId && isIdSettled) {
    throw new StorageError(
      "wrong-ensemble",
      `Cannot use '${dataDir}': its data belongs to ensemble '${onDisk}', but ensemble.id is ` +
        `'${ensembleId}'; is it the right disk?`,
      { file: dataDir },
    );
  }
  return { ...volume, ensembleId, isIdSettled: true };
}
