/**
 * Follows a text file that others edit. It looks at the file now and then, which works wherever it
 * is, and waits until it has come to rest: editors write in several steps, or put another file in
 * its place.
 */
import { unwatchFile, watchFile } from "node:fs";
import { readTextIfExists } from "./files.ts";

const LOOK_MS = 250;
const REST_MS = 300;

/** A file that is followed until it is closed. */
export interface FileWatch {
  close(): void;
}

/**
 * Calls `onText` whenever the text of `file` is another one than `before`, or than last time; with
 * null when the file is not there or cannot be read.
 *
 * @param lookMs - how often to look.
 */
export function watchText(
  file: string,
  before: string,
  onText: (text: string | null) => void,
  lookMs = LOOK_MS,
): FileWatch {
  let last: string | null = before;
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const text = readText(file);
    if (text === last) return;
    last = text;
    onText(text);
  };
  const onChange = (): void => {
    clearTimeout(timer);
    timer = setTimeout(look, REST_MS);
  };
  watchFile(file, { interval: lookMs, persistent: false }, onChange);
  // What was changed between the first reading and now.
  onChange();
  return {
    close: () => {
      clearTimeout(timer);
      unwatchFile(file, onChange);
    },
  };
}

function readText(file: string): string | null {
  try {
    return readTextIfExists(file);
  } catch {
    return null;
  }
}
