/**
 * Splits a line typed into the shell into words. Words are separated by spaces; single quotes keep
 * everything as it is; in double quotes and outside quotes a backslash takes the next character as
 * it is. There are no variables and no escapes for control characters.
 */
import { ShellError } from "./shell-error.ts";

/** The words of a line; none for a blank one. @throws ShellError `usage` for an open quote. */
export function splitLine(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let index = 0; index < line.length; index++) {
    const character = line.charAt(index);
    if (character === "\\" && quote !== "'" && index + 1 < line.length) {
      index += 1;
      word = (word ?? "") + line.charAt(index);
    } else if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else word = (word ?? "") + character;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (/\s/u.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (quote !== undefined) {
    throw new ShellError("usage", `Cannot read line: a ${quote} is not closed`);
  }
  if (word !== undefined) words.push(word);
  return words;
}
