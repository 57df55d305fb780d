/**
 * The syntax of a configuration file, as Java's `Properties.load` defines it: one entry per
 * logical line; `#` and `!` start a comment line; a key ends at the first unescaped `=`, `:` or
 * white space; a backslash at the end of a line joins the next one to it, without that one's
 * leading white space; `\t`, `\n`, `\r`, `\f`, `\uXXXX` and `\` before any other character are
 * escapes. Unlike Java we take the text as UTF-8 and trim values, as ZooKeeper itself does.
 */
import { ConfigError } from "./config-error.ts";

/** One entry of a properties file. */
export interface Property {
  readonly key: string;
  readonly value: string;
  /** Number, from 1, of the line that the entry starts on. */
  readonly line: number;
}

/**
 * Splits `text` into its entries, in the order of the file; a key that is there twice is there
 * twice in the result.
 *
 * @throws ConfigError for a malformed `\u` escape, naming `file` and the line.
 */
export function parseProperties(text: string, file: string): Property[] {
  const properties: Property[] = [];
  const lines = text.replace(/^\uFEFF/u, "").split(/\r\n|\r|\n/u);
  let index = 0;
  while (index < lines.length) {
    const line = index + 1;
    let logical = stripLeadingSpace(lines[index] ?? "");
    index += 1;
    if (logical === "" || logical.startsWith("#") || logical.startsWith("!")) continue;
    while (endsInOddBackslashes(logical)) {
      logical = logical.slice(0, -1) + stripLeadingSpace(lines[index] ?? "");
      index += 1;
    }
    properties.push(parseEntry(logical, file, line));
  }
  return properties;
}

function stripLeadingSpace(text: string): string {
  return text.replace(/^[ \t\f]+/u, "");
}

function endsInOddBackslashes(text: string): boolean {
  let count = 0;
  while (text[text.length - 1 - count] === "\\") count += 1;
  return count % 2 === 1;
}

function parseEntry(logical: string, file: string, line: number): Property {
  let keyEnd = 0;
  while (keyEnd < logical.length && !/[=: \t\f]/u.test(logical.charAt(keyEnd))) {
    keyEnd += logical[keyEnd] === "\\" ? 2 : 1;
  }
  const rest = logical.slice(keyEnd).replace(/^[ \t\f]*[=:]?[ \t\f]*/u, "");
  return {
    key: unescapeText(logical.slice(0, keyEnd), file, line).trim(),
    value: unescapeText(rest, file, line).trim(),
    line,
  };
}

const ESCAPES: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", f: "\f" };

function unescapeText(text: string, file: string, line: number): string {
  return text.replaceAll(/\\(u.{0,4}|.)/gsu, (escape, body: string) => {
    if (!body.startsWith("u")) return ESCAPES[body] ?? body;
    if (!/^u[0-9a-fA-F]{4}$/u.test(body)) {
      throw new ConfigError({
        file,
        line,
        expected: "four hexadecimal digits after '\\u' ('\\\\' stands for one backslash)",
        found: escape,
      });
    }
    return String.fromCharCode(Number.parseInt(body.slice(1), 16));
  });
}
