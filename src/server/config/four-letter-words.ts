/**
 * The four-letter words of ZooKeeper's client port and the list of those that a server answers.
 * What each one prints is not decided here.
 */

/** Every four-letter word of ZooKeeper 3.9. */
export const FOUR_LETTER_WORDS: ReadonlySet<string> = new Set([
  "conf",
  "cons",
  "crst",
  "dirs",
  "dump",
  "envi",
  "gtmk",
  "hash",
  "isro",
  "mntr",
  "ruok",
  "srst",
  "srvr",
  "stat",
  "stmk",
  "wchc",
  "wchp",
  "wchs",
]);

/**
 * The words in a list such as `ruok, stat`; `*` is all of them. `srvr` is always among them, as
 * ZooKeeper's own scripts depend on it, and so is `isro` where clients look for a server that
 * writes, with the read-only mode.
 */
export function parseFourLetterWords(
  whitelist: string | null,
  isReadOnlyModeEnabled: boolean,
): ReadonlySet<string> {
  const always = isReadOnlyModeEnabled ? "srvr,isro" : "srvr";
  const words = `${whitelist ?? ""},${always}`
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
  return words.includes("*") ? FOUR_LETTER_WORDS : new Set(words);
}
