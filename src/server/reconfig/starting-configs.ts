/**
 * Which configuration a server starts with: the newest of what its files state and what its data
 * folder remembers, since files are easily left behind (a ConfigMap, a template, a backup).
 */
import type { Logger } from "../../observe/index.ts";
import {
  QuorumConfigError,
  formatHex,
  formatQuorumConfig,
  parseQuorumConfig,
} from "../../wire/index.ts";
import type { QuorumConfig } from "../../wire/index.ts";
import { ConfigError } from "../config/index.ts";

/** Where configurations were found. */
export interface FoundConfigs {
  /** In the configuration file, or in the dynamic file that it names. */
  readonly stated: QuorumConfig;
  /** The configuration file, for messages. */
  readonly file: string;
  /** Text that the data folder remembers as in force; null if it does not. */
  readonly recorded: string | null;
  /** The file that remembers it, for messages. */
  readonly recordFile: string;
}

/**
 * The configuration that is in force as far as this server knows.
 *
 * @throws ConfigError when what is remembered cannot be read.
 */
export function chooseActive(found: FoundConfigs, logger: Logger): QuorumConfig {
  const { stated, recorded, file, recordFile } = found;
  if (recorded === null) return stated;
  let remembered: QuorumConfig;
  try {
    remembered = parseQuorumConfig(recorded);
  } catch (error) {
    if (!(error instanceof QuorumConfigError)) throw error;
    const expected = `a configuration: ${error.message}`;
    throw new ConfigError({ file: recordFile, expected }, { cause: error });
  }
  if (stated.version > remembered.version) return stated;
  const text = (config: QuorumConfig): string => formatQuorumConfig({ ...config, version: 0n });
  if (text(stated) !== text(remembered)) {
    logger.warn("The configuration file names other members than the ensemble has: these count", {
      file,
      version: formatHex(remembered.version),
      members: [...remembered.servers.keys()],
    });
  }
  return remembered;
}

/**
 * A configuration in the state, as of the newest transaction in the log, that is newer than the
 * one in force and perhaps not committed. Undefined where none in force ever had a version: then
 * the state is a backup of another ensemble, and its members are none of ours.
 */
export function findLastSeen(active: QuorumConfig, inState: string): QuorumConfig | undefined {
  if (active.version === 0n) return undefined;
  const seen = readState(inState);
  return seen !== undefined && seen.version > active.version ? seen : undefined;
}

/** Most voters that a server can be one of. */
const votersMax = 31;

/**
 * The configuration in `/zookeeper/config`; undefined where there is none, as in a new tree, or
 * something else that `super` has put there.
 */
export function readState(text: string): QuorumConfig | undefined {
  try {
    const config = parseQuorumConfig(text);
    const voters = [...config.servers.values()].filter(({ role }) => role === "participant");
    return voters.length === 0 || voters.length > votersMax ? undefined : config;
  } catch (error) {
    if (error instanceof QuorumConfigError) return undefined;
    throw error;
  }
}
