/**
 * Finds out who the members of the ensemble are when a server starts, by its files and by what its
 * data folder remembers.
 */
import { join } from "node:path";
import type { Logger } from "../observe/index.ts";
import type { Storage } from "../storage/index.ts";
import { quorumConfigOf } from "./config/index.ts";
import type { ServerConfig } from "./config/index.ts";
import { ConfigFiles, EnsembleView, chooseActive, withMembers } from "./reconfig/index.ts";

export interface FindMembersOptions {
  readonly config: ServerConfig;
  readonly sid: bigint;
  readonly logger: Logger;
}

/** Who the members are, and what follows them. */
export interface Members {
  readonly view: EnsembleView;
  /** The server's configuration with the members that count. */
  readonly config: ServerConfig;
  /** Undefined where the members do not change. */
  readonly files: ConfigFiles | undefined;
}

/** @throws ConfigError when what the data folder remembers cannot be read. */
export async function findMembers(
  storage: Storage,
  { config, sid, logger }: FindMembersOptions,
): Promise<Members> {
  const stated = quorumConfigOf(config);
  if (!config.replicated) {
    return { view: new EnsembleView(sid, stated, undefined), config, files: undefined };
  }
  const { file, dataDir, reconfigEnabled } = config;
  const recordFile = join(dataDir, "version-2", "activeConfig");
  const recorded = await storage.readActiveConfig();
  const active = chooseActive({ stated, file, recorded, recordFile }, logger);
  const filesOptions = { file, statedVersion: stated.version, sid, logger };
  return {
    view: new EnsembleView(sid, active, stated.servers.get(sid)),
    config: withMembers(config, active, sid),
    files: reconfigEnabled ? new ConfigFiles(filesOptions) : undefined,
  };
}
