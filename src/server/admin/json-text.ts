/** JSON with whole numbers of 64 bits, as ZooKeeper's admin server writes them. */

declare global {
  interface JSON {
    /** A value that is written as the text given. */
    rawJSON(text: string): unknown;
  }
}

/** `value` as indented JSON; a bigint becomes a number with all its digits. */
export function formatJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, part: unknown) => (typeof part === "bigint" ? JSON.rawJSON(part.toString()) : part),
    2,
  );
}
