/**
 * The configuration of a member that runs, from what the operator has written meanwhile: the newest
 * settings, with the members as its server has them now. Nothing is written: the next start makes
 * the file of the volume anew (`prepare-member.ts`).
 */
import path from "node:path";
import { hashText } from "../../base/index.ts";
import { formatProperty } from "../../operator/index.ts";
import {
  ConfigError,
  findConfigKey,
  parseProperties,
  parseServerConfig,
  readTextFile,
} from "../../server/config/index.ts";
import type { ServerConfig } from "../../server/index.ts";

/** Keys that say who the members are, or where that is written. */
const MEMBER_KEYS: readonly string[] = ["server.*", "group.*", "weight.*", "dynamicConfigFile"];

/** The file of a folder that the operator writes which holds the settings. */
export function settingsFileOf(configFolder: string): string {
  return path.resolve(configFolder, "zoo.cfg");
}

/**
 * Reads the settings in `settingsFile` for the server that was started with `file`.
 *
 * @throws ConfigError when they cannot be used.
 */
export function rereadMember(settingsFile: string, file: string): ServerConfig {
  const settings = readRequired(settingsFile);
  const members = parseProperties(readRequired(file), file)
    .filter(({ key }) => MEMBER_KEYS.includes(findConfigKey(key)?.name ?? ""))
    .map(({ key, value }) => formatProperty(key, value));
  const text = [settings.trimEnd(), ...members, ""].join("\n");
  const config = parseServerConfig(text, settingsFile, readTextFile);
  return { ...config, settingsDigest: hashText(settings) };
}

function readRequired(file: string): string {
  const text = readTextFile(file);
  if (text === null) throw new ConfigError({ file, expected: "a file that exists" });
  return text;
}
