/**
 * What a member does to its volume before it starts in an ensemble that was recovered from the loss
 * of its quorum (`src/operator/plan/recover.ts`): the survivor's becomes the new ensemble's, with
 * the survivor as its only voter; any other one that is still the lost ensemble's is put aside, so
 * that its member begins empty, without a vote. A volume with the new identity is left as it is:
 * there it has been done, at an earlier start. A crash in the middle leaves the old identity.
 *
 * Only a pod that was made for the recovery is told to obey, and only with the settings that belong
 * to it: pods of before, with whatever settings they find, are no part of it.
 */
import type { Logger } from "../../observe/index.ts";
import { parseRecoveryOrder } from "../../operator/index.ts";
import type { RecoveryOrder } from "../../operator/index.ts";
import { ConfigError } from "../../server/config/index.ts";
import { TreeRecovery } from "../../server/index.ts";
import {
  Storage,
  peekFolders,
  peekVolume,
  setFoldersAside,
  verifyFolders,
} from "../../storage/index.ts";
import type { Folder } from "../../storage/index.ts";
import { formatHex, formatQuorumConfig, makeQuorumConfig } from "../../wire/index.ts";
import type { QuorumConfig } from "../../wire/index.ts";
import { RecoverError } from "../recover/recover-error.ts";
import { recoveredVersion } from "../recover/recovered-config.ts";
import { openMounted, parseMembers, readRequired, readSettings } from "./mounted.ts";
import type { MountedSettings } from "./mounted.ts";

type Survivor = NonNullable<RecoveryOrder["survivor"]>;

/** Who is to obey. */
export interface ObeyOptions {
  readonly id: number;
  /** The identity that the recovery has given the ensemble. */
  readonly ensembleUid: string;
  readonly logger: Logger;
}

/**
 * Makes the volume of member `id` fit for the recovered ensemble.
 *
 * @param configFolder - what the operator writes.
 * @throws ConfigError when the settings are not those of that ensemble; RecoverError when the
 *     survivor's volume is not the one that was meant; StorageError.
 */
export async function obeyRecovery(configFolder: string, options: ObeyOptions): Promise<void> {
  const { id, ensembleUid, logger } = options;
  const mounted = openMounted(configFolder);
  const settings = await readSettings(mounted);
  if (settings.ensembleId !== ensembleUid) {
    throw new ConfigError({
      file: mounted.fileOf("zoo.cfg"),
      key: "ensemble.id",
      expected: `'${ensembleUid}': the settings of the recovered ensemble are not here yet`,
      found: settings.ensembleId ?? "",
    });
  }
  const order = parseRecoveryOrder(await readRequired(mounted, "recovery"));
  if (order === null) {
    const expected = "what the operator says of a recovery";
    throw new ConfigError({ file: mounted.fileOf("recovery"), expected });
  }
  const { isUnused } = await peekFolders(settings);
  const uid = (await peekVolume(settings))?.ensembleId ?? null;
  // What is of another ensemble is somebody's data; the server refuses it.
  if (isUnused || (uid !== null && uid !== order.lostUid)) return;
  if (uid !== null && id === order.survivor?.sid) {
    return goOn(mounted, settings, order.survivor, options);
  }
  const name = `before-${ensembleUid}`;
  await setFoldersAside(settings, name);
  logger.warn("The volume was of an ensemble that has lost its quorum: it is put aside", {
    folder: settings.dataDir,
    name,
  });
}

async function goOn(
  mounted: Folder,
  settings: MountedSettings,
  survivor: Survivor,
  { ensembleUid, logger }: ObeyOptions,
): Promise<void> {
  const { dataDir, dataLogDir } = settings;
  const unused = { preAllocBytes: 0, snapRetainCount: 1, trustEmpty: false, forceSync: true };
  const folders = { dataDir, dataLogDir, logger, createFolders: false };
  const storage = await Storage.open({ ...folders, ...unused });
  try {
    const members = parseMembers(await readRequired(mounted, "members"), mounted.fileOf("members"));
    const config = await aloneWith(members, storage, survivor, folders);
    await storage.saveActiveConfig(formatQuorumConfig(config));
    // This says that it is done.
    await storage.saveVolume({ ensembleId: ensembleUid, isIdSettled: true, isIncomplete: false });
    logger.warn("This member goes on alone, with what it has", {
      fromZxid: formatHex(survivor.zxid),
      ensembleUid,
    });
  } finally {
    await storage.close();
  }
}

/**
 * The membership of the survivor alone.
 * @throws RecoverError when its data is not what was meant.
 */
async function aloneWith(
  members: QuorumConfig,
  storage: Storage,
  { sid, zxid }: Survivor,
  folders: { readonly dataDir: string; readonly dataLogDir: string; readonly logger: Logger },
): Promise<QuorumConfig> {
  const { dataDir } = folders;
  const own = members.servers.get(BigInt(sid));
  const volume = await storage.readVolume();
  const refuse = (why: string): never => {
    throw new RecoverError("no-survivor", `Cannot go on alone with '${dataDir}': ${why}`);
  };
  if (own === undefined) return refuse(`expected a line server.${sid} for this member`);
  if (volume?.isIncomplete === true || storage.isQuarantined) return refuse("it has lost its data");
  const found = await verifyFolders(folders, new TreeRecovery());
  if (found.lastZxid < zxid) {
    return refuse(`it ends with ${formatHex(found.lastZxid)}, expected ${formatHex(zxid)}`);
  }
  const active = await storage.readActiveConfig();
  const version = recoveredVersion({
    lastZxid: found.lastZxid,
    acceptedEpoch: Math.max(found.acceptedEpoch ?? 0, found.currentEpoch ?? 0),
    configVersion: active === null ? 0n : parseMembers(active, dataDir).version,
  });
  return makeQuorumConfig({ servers: [{ ...own, role: "participant" }], version });
}
