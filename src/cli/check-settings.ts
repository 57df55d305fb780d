/**
 * Checks the `spec.config` of an ensemble as its members would, before any of them starts. It is
 * stricter than a server in one way: a key that no server knows is a mistake here.
 */
import { formatProperty } from "../operator/index.ts";
import {
  ConfigError,
  findConfigKey,
  parseServerConfig,
  suggestConfigKey,
} from "../server/config/index.ts";

/** The problems of some settings: sentences that begin with the key. */
export function checkSettings(config: Readonly<Record<string, string>>): string[] {
  const problems: string[] = [];
  for (const [key, value] of Object.entries(config)) {
    if (findConfigKey(key) !== null) {
      const problem = checkValue(key, value);
      if (problem !== null) problems.push(problem);
      continue;
    }
    const suggestion = suggestConfigKey(key);
    const hint = suggestion === null ? "" : `; did you mean '${suggestion}'?`;
    problems.push(`${key}: unknown setting${hint}`);
  }
  if (problems.length > 0) return problems;
  // Each is right by itself; together they may still contradict each other.
  const problem = checkText(
    Object.entries(config).map(([key, value]) => formatProperty(key, value)),
  );
  return problem === null ? [] : [problem];
}

function checkValue(key: string, value: string): string | null {
  // A lone session timeout is compared with the other's default, which may be set as well.
  if (/SessionTimeout$/u.test(key)) return null;
  return checkText([formatProperty(key, value)]);
}

function checkText(lines: readonly string[]): string | null {
  try {
    parseServerConfig(["dataDir=/data", ...lines].join("\n"), "spec.config", () => null);
    return null;
  } catch (error) {
    if (error instanceof ConfigError) return error.detail;
    throw error;
  }
}
