/**
 * Writes the syntax of configuration files (Java's `Properties`), so that any text reads back as
 * it was: values come from users and may hold what means something there.
 */

/** One line of a properties file that reads back as exactly this key and value. */
export function formatProperty(key: string, value: string): string {
  const escapedKey = escapeText(key).replaceAll(/[=: ]/gu, String.raw`\$&`);
  return `${escapedKey.replace(/^[#!]/u, String.raw`\$&`)}=${escapeText(value)}`;
}

function escapeText(text: string): string {
  return text
    .replaceAll("\\", String.raw`\\`)
    .replaceAll("\n", String.raw`\n`)
    .replaceAll("\r", String.raw`\r`)
    .replaceAll("\t", String.raw`\t`)
    .replaceAll("\f", String.raw`\f`);
}
