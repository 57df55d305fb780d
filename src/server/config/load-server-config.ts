/**
 * Reads a server's configuration from disk: the one place of this folder that opens files.
 */
import { readFileSync } from "node:fs";
import { ConfigError } from "./config-error.ts";
import { parseServerConfig } from "./parse-server-config.ts";
import type { ServerConfig } from "./server-config.ts";

const FILE_BYTES_MAX = 1024 * 1024;

/**
 * Loads the configuration in `file`, its dynamic file and `myid`. Relative paths are relative to
 * the working folder, as ZooKeeper has it.
 *
 * @throws ConfigError when a file cannot be read or used.
 */
export function loadServerConfig(file: string): ServerConfig {
  const text = readTextFile(file);
  if (text === null) throw new ConfigError({ file, expected: "a configuration file that exists" });
  return parseServerConfig(text, file, readTextFile);
}

/**
 * The text of a file, or null when it is not there.
 *
 * @throws ConfigError when it cannot be read, or is too long for a configuration.
 */
export function readTextFile(path: string): string | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    const expected = `a file that can be read (${String(code)})`;
    throw new ConfigError({ file: path, expected }, { cause: error });
  }
  if (bytes.length > FILE_BYTES_MAX) {
    const expected = `at most ${String(FILE_BYTES_MAX)} bytes`;
    throw new ConfigError({ file: path, expected, found: `${String(bytes.length)} bytes` });
  }
  return bytes.toString("utf8");
}
