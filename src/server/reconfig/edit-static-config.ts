/**
 * What becomes of the text of a `zoo.cfg` when the members are changed by a reconfiguration: they
 * leave it for a file of their own, which it names (ZooKeeper 3.9 `editStaticConfig`). All other
 * lines stay as they are, comments too.
 */
import { findConfigKey, parseProperties } from "../config/index.ts";

/** How the text is edited. */
export interface StaticConfigEdit {
  /** Name of the text's file, for messages. */
  readonly file: string;
  /** Absolute path of the file that holds the members now. */
  readonly dynamicFile: string;
  /** Whether this server's own line says where its clients connect. */
  readonly hasClientAddress: boolean;
}

/** Keys whose place is the dynamic file, and those that contradict it or will. */
const memberKeys = ["server.*", "group.*", "weight.*", "dynamicConfigFile", "peerType"];
const clientKeys = ["clientPort", "clientPortAddress"];

/** @throws ConfigError for a text that is no properties file. */
export function editStaticConfig(text: string, edit: StaticConfigEdit): string {
  const leaving = new Set([...memberKeys, ...(edit.hasClientAddress ? clientKeys : [])]);
  const leaves = (key: string): boolean => leaving.has(findConfigKey(key)?.name ?? "");
  const lines = text.replace(/^\uFEFF/u, "").split(/\r\n|\r|\n/u);
  const properties = parseProperties(text, edit.file);
  for (const { key, line } of properties) {
    if (!leaves(key)) continue;
    // An entry goes on as long as its lines end in a backslash.
    let index = line - 1;
    while (endsInOddBackslashes(lines[index] ?? "")) {
      lines[index] = gone;
      index += 1;
    }
    lines[index] = gone;
  }
  const kept = lines.filter((line) => line !== gone);
  while (kept.at(-1) === "") kept.pop();
  return [...kept, `dynamicConfigFile=${edit.dynamicFile}`, ""].join("\n");
}

/** Stands for a line that is dropped; no line of a text contains a line feed. */
const gone = "\n";

function endsInOddBackslashes(line: string): boolean {
  return (/\\*$/u.exec(line)?.[0].length ?? 0) % 2 === 1;
}
