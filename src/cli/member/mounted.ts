/** Reads what the operator has mounted for a member: `src/operator/desired/member-config.ts`. */
import path from "node:path";
import { ConfigError, parseProperties } from "../../server/config/index.ts";
import { Folder, nodeFiles } from "../../storage/index.ts";
import { QuorumConfigError, parseQuorumConfig } from "../../wire/index.ts";
import type { QuorumConfig } from "../../wire/index.ts";

/** Most bytes of a ConfigMap. */
export const TEXT_BYTES_MAX = 1024 * 1024;

/** The settings of all members. */
export interface MountedSettings {
  readonly text: string;
  readonly dataDir: string;
  readonly dataLogDir: string;
  /** The identity of the ensemble; null if there is none. */
  readonly ensembleId: string | null;
}

/** The folder that the operator writes. */
export function openMounted(configFolder: string): Folder {
  return new Folder(nodeFiles, path.resolve(configFolder));
}

/** @throws ConfigError */
export async function readSettings(mounted: Folder): Promise<MountedSettings> {
  const text = await readRequired(mounted, "zoo.cfg");
  const file = mounted.fileOf("zoo.cfg");
  const values = new Map(parseProperties(text, file).map(({ key, value }) => [key, value]));
  const dataDir = values.get("dataDir");
  if (dataDir === undefined) throw new ConfigError({ file, key: "dataDir", expected: "a folder" });
  const dataLogDir = values.get("dataLogDir") ?? dataDir;
  return { text, dataDir, dataLogDir, ensembleId: values.get("ensemble.id") ?? null };
}

/** @throws ConfigError when there is no such file. */
export async function readRequired(folder: Folder, name: string): Promise<string> {
  const text = await folder.readText(name, TEXT_BYTES_MAX);
  if (text !== null) return text;
  throw new ConfigError({ file: folder.fileOf(name), expected: "a file of the operator's" });
}

/** The lines of members. @throws ConfigError when they cannot be read. */
export function parseMembers(text: string, file: string): QuorumConfig {
  try {
    return parseQuorumConfig(text);
  } catch (error) {
    if (!(error instanceof QuorumConfigError)) throw error;
    throw new ConfigError({ file, expected: error.message }, { cause: error });
  }
}
