/**
 * Runs `ensemble recover`. It says what is there and what may be lost; with `--accept-data-loss` it
 * writes a configuration in which this server is the only voter. The data stays as it is, the old
 * configuration is kept, and the new one is in force by one renaming.
 */
import { resolve } from "node:path";
import { readTextIfExists, writeTextAtomically } from "../operator/index.ts";
import { TreeRecovery } from "../server/index.ts";
import type { ServerConfig } from "../server/index.ts";
import { Storage, verifyFolders } from "../storage/index.ts";
import type { Logger } from "../observe/index.ts";
import { formatHex, zxidEpoch } from "../wire/index.ts";
import { printingLogger } from "./printing-logger.ts";
import type { RecoverDeps } from "./recover/recover-deps.ts";
import { RecoverError } from "./recover/recover-error.ts";
import {
  recoveredMainFile,
  recoveredMembership,
  recoveredVersion,
} from "./recover/recovered-config.ts";
import type { Survivor } from "./recover/recovered-config.ts";

/**
 * @throws ConfigError or StorageError when the configuration or the data cannot be used, or the
 * server runs; RecoverError when nothing was changed for another reason.
 */
export async function runRecover(
  file: string,
  isAccepted: boolean,
  deps: RecoverDeps,
): Promise<void> {
  const { print } = deps;
  const config = deps.loadServerConfig(file);
  if (!config.replicated || config.myId === null) {
    throw new RecoverError("no-survivor", `Cannot recover ${file}: it has no quorum to lose`);
  }
  // Held to the end: nobody may start the server meanwhile.
  const logger = printingLogger(print);
  const storage = await Storage.open(storageOptions(config, logger));
  try {
    const survivor = await examine(storage, config, config.myId, { print, logger });
    printLosses(survivor, print);
    if (!isAccepted) {
      throw new RecoverError(
        "not-accepted",
        "Nothing was changed. If all this is accepted: --accept-data-loss",
      );
    }
    writeConfig(file, survivor, print);
  } finally {
    await storage.close();
  }
}

function storageOptions(config: ServerConfig, logger: Logger) {
  const { dataDir, dataLogDir } = config;
  const unused = { preAllocBytes: 0, snapRetainCount: 1, trustEmpty: false, forceSync: true };
  return { dataDir, dataLogDir, logger, createFolders: false, ...unused };
}

/** Says what the survivor has. @throws RecoverError when it is none. */
async function examine(
  storage: Storage,
  config: ServerConfig,
  sid: bigint,
  { print, logger }: { readonly print: (line: string) => void; readonly logger: Logger },
): Promise<Survivor> {
  const target = new TreeRecovery();
  const { dataDir, dataLogDir, servers, configVersion } = config;
  const found = await verifyFolders({ dataDir, dataLogDir, logger }, target);
  const volume = await storage.readVolume();
  const isEmpty = found.snapshotZxid < 0n && found.lastZxid === 0n;
  if (isEmpty || volume?.isIncomplete === true) {
    throw new RecoverError(
      "no-survivor",
      `Cannot recover from '${dataDir}': the disk ` +
        `${isEmpty ? "is empty" : "was never made whole"}, so it is no survivor`,
    );
  }
  const { tree } = target;
  print(`server: ${sid}, of ${[...servers.keys()].join(", ")}`);
  print(`ensemble: ${volume?.ensembleId ?? "without an identity"}`);
  print(`lastZxid: ${formatHex(found.lastZxid)}`);
  print(
    `epochs: accepted ${found.acceptedEpoch ?? "none"}, current ${found.currentEpoch ?? "none"}`,
  );
  print(`nodes: ${tree.nodeCount - 1}`);
  print(`sessions: ${tree.globalSessions.size}`);
  const acceptedEpoch = Math.max(found.acceptedEpoch ?? 0, found.currentEpoch ?? 0);
  return { sid, servers, configVersion, lastZxid: found.lastZxid, acceptedEpoch };
}

function printLosses({ sid, servers, lastZxid }: Survivor, print: (line: string) => void): void {
  const others = [...servers.keys()].filter((other) => other !== sid).join(", ");
  print("");
  print(`What may be lost: everything acknowledged after ${formatHex(lastZxid)} (epoch`);
  print(`${zxidEpoch(lastZxid)}), which servers ${others} may have had and this one not, and the`);
  print(
    "sessions opened since. What this server has logged last may never have been acknowledged.",
  );
  print("If another disk can be saved, run this command on it as well, and go on with the one of");
  print("the highest lastZxid. The other servers must never start with their old disks again: two");
  print("of them would be an ensemble of their own.");
}

function writeConfig(file: string, survivor: Survivor, print: (line: string) => void): void {
  const main = resolve(file);
  const text = readTextIfExists(main) ?? "";
  const version = recoveredVersion(survivor).toString(16);
  const dynamicFile = `${main}.dynamic.${version}`;
  const backup = `${main}.before-${version}`;
  writeTextAtomically(backup, text);
  writeTextAtomically(dynamicFile, recoveredMembership(survivor));
  // Only this puts the new configuration in force.
  writeTextAtomically(main, recoveredMainFile(text, dynamicFile));
  print("");
  print(`Written: ${main}, which was ${backup}`);
  print(
    `Server ${survivor.sid} is the only voter now, and will lead when it is started. Start the`,
  );
  print(
    "others with empty disks, ensemble.bootstrap=explicit and these lines, as observers at first:",
  );
  print("");
  for (const line of recoveredMembership(survivor).trimEnd().split("\n")) print(line);
}
