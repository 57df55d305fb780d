/**
 * House rules that linters cannot see: headers, names of files, words, and lines that Prettier
 * leaves long. ESLint holds the rules that need a syntax tree, dependency-cruiser the arrows
 * between folders, knip dead code. Each check lists every offence at once, as `file:line`.
 */

import { readFileSync, readdirSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "vitest";

interface Source {
  readonly path: string;
  readonly text: string;
}

interface BannedWord {
  readonly pattern: RegExp;
  readonly instead: string;
}

const THIS_FILE = "test/tidy.test.ts";

const LINE_LENGTH_MAX = 100;

const BANNED_WORDS: readonly BannedWord[] = [
  { pattern: /\bTODO\b(?!: \S+ \S+)/, instead: "write 'TODO: ' and why it is not done yet" },
  { pattern: /\bFIXME\b/, instead: "mend it, or write 'TODO: ' and why not yet" },
  { pattern: /\bXXX\b/, instead: "say what is wrong in a sentence" },
  { pattern: /\bHACK\b/, instead: "say why the odd way is the right one" },
  { pattern: /eslint-disable(?!.* -- \S)/, instead: "add ' -- ' and the reason" },
  { pattern: /@ts-(ignore|nocheck)\b/, instead: "write @ts-expect-error and the reason" },
  { pattern: /\b(describe|it|test)\.only\(/, instead: "run one test with 'vitest run -t name'" },
  { pattern: /JSON\.parse\(JSON\.stringify\(/, instead: "use structuredClone()" },
  {
    pattern: /\/(home|root|Users)\/\w+\/\w/,
    instead: "no path of one machine: take it as an argument",
  },
  { pattern: /https?:\/\/registry\./, instead: "leave the registry to npm's own configuration" },
];

const VAGUE_NAMES = new Set(["common", "helpers", "misc", "types", "util", "utils"]);

function sources(...folders: readonly string[]): Source[] {
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
      .map((entry) => `${entry.parentPath}/${entry.name}`)
      .sort()
      .map((path) => ({ path, text: readFileSync(path, "utf8") })),
  );
}

/** `file:line: complaint` for each line that `complain` has something to say about. */
function offences(files: readonly Source[], complain: (line: string) => string | undefined) {
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => {
      const complaint = complain(line);
      return complaint === undefined ? [] : `${path}:${index + 1}: ${complaint}`;
    }),
  );
}

/** Whether the text begins with a comment of at least one sentence. */
function hasHeader(text: string): boolean {
  const comment = /^(?:#!.*\n)?\/\*\*?([\s\S]*?)\*\/|^(?:#!.*\n)?((?:\/\/.*\n)+)/.exec(text);
  return /\w+ \w+ [\s\S]*\./.test(comment?.[1] ?? comment?.[2] ?? "");
}

const product = sources("src");
const everything = sources("src", "test", "bench", ".ci").filter(({ path }) => path !== THIS_FILE);

function bannedWord(line: string): string | undefined {
  const banned = BANNED_WORDS.find(({ pattern }) => pattern.test(line));
  return banned && `'${banned.pattern.exec(line)?.[0]}': ${banned.instead}`;
}

test("no file holds a banned word", () => {
  expect(offences(everything, bannedWord)).toEqual([]);
});

test("no line of src/ is longer than the limit, comments and strings included", () => {
  const tooLong = (line: string): string | undefined =>
    line.length > LINE_LENGTH_MAX
      ? `${line.length} columns, at most ${LINE_LENGTH_MAX}`
      : undefined;
  expect(offences(product, tooLong)).toEqual([]);
});

test("every file of src/ and bench/ begins with a comment that says what it is", () => {
  const bare = [...product, ...sources("bench")].filter(({ text }) => !hasHeader(text));
  expect(bare.map(({ path }) => path)).toEqual([]);
});

test("file names are kebab-case and say what is in the file", () => {
  const odd = everything.filter(({ path }) => {
    const name = basename(path).replace(/(\.test|\.d)?\.ts$/, "");
    return !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || VAGUE_NAMES.has(name);
  });
  expect(odd.map(({ path }) => path)).toEqual([]);
});

test("bannedWord() names the word and what to write instead", () => {
  expect(bannedWord("// TODO")).toContain("'TODO': ");
  expect(bannedWord("// TODO: needs the observer first")).toBeUndefined();
  expect(bannedWord("// eslint-disable-next-line eqeqeq")).toContain("' -- '");
  expect(bannedWord("// eslint-disable-next-line eqeqeq -- null too")).toBeUndefined();
});

test("hasHeader() wants a sentence at the very start", () => {
  expect(hasHeader("/** The log of one server. */\n")).toBe(true);
  expect(hasHeader("#!/usr/bin/env node\n// Starts a server from arguments.\n")).toBe(true);
  expect(hasHeader("/** Log */\n")).toBe(false);
  expect(hasHeader('import "x";\n/** The log of one server. */\n')).toBe(false);
});
