/**
 * The text form of DIGEST-MD5's messages: `name=value` pairs separated by commas, with values
 * bare or in double quotes (RFC 2831 §7.2). Names are unique; which of them mean something is the
 * reader's business.
 */

const pair = /[\s,]*([^\s=,"]+)\s*=\s*(?:"((?:[^"\\]|\\[^])*)"|([^\s,"]*))\s*(?=,|$)/uy;

/** The directives of `text` by name, or null when it does not follow the grammar. */
export function parseDirectives(text: string): ReadonlyMap<string, string> | null {
  const directives = new Map<string, string>();
  const end = text.length - (/[\s,]*$/u.exec(text)?.[0].length ?? 0);
  pair.lastIndex = 0;
  while (pair.lastIndex < end) {
    const match = pair.exec(text);
    if (match === null) return null;
    const [, name = "", quoted, bare = ""] = match;
    if (directives.has(name)) return null;
    directives.set(name, quoted === undefined ? bare : quoted.replaceAll(/\\([^])/gu, "$1"));
  }
  return directives;
}
