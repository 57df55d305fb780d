/**
 * What a command of the shell is: its name, its usage, and what it does with a client. Commands
 * and their output follow ZooKeeper's `zkCli`, so that habits and scripts carry over.
 */
import type { EnsembleClient, Watcher } from "../../client/index.ts";
import { ShellError } from "./shell-error.ts";

/** What a command works with. */
export interface ShellContext {
  readonly client: EnsembleClient;
  /** Prints one line. */
  readonly print: (line: string) => void;
  /** A watch for a read: the shell prints its event when it comes. */
  readonly newWatch: () => Watcher;
}

/** The words after a command's name, sorted. */
export interface ShellArguments {
  /** The flags given, with their values ("" for those that take none). */
  readonly flags: ReadonlyMap<string, string>;
  /** The others, in order. */
  readonly words: readonly string[];
}

/** One command. */
export interface ShellCommand {
  readonly name: string;
  /** What follows the name, for example "[-s] path". */
  readonly usage: string;
  readonly summary: string;
  /** Flags without a value, each like "-s". */
  readonly switches?: readonly string[];
  /** Flags with a value. */
  readonly options?: readonly string[];
  /** Least and greatest number of words. */
  readonly words: readonly [min: number, max: number];
  readonly run: (context: ShellContext, args: ShellArguments) => Promise<void>;
}

/**
 * Sorts the words after a command's name into flags and others, in any order. "--" ends the flags;
 * a number is never one.
 *
 * @throws ShellError `usage` that shows how the command is used.
 */
export function parseArguments(command: ShellCommand, words: readonly string[]): ShellArguments {
  const flags = new Map<string, string>();
  const rest: string[] = [];
  let mayBeFlag = true;
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (mayBeFlag && word === "--") mayBeFlag = false;
    else if (!mayBeFlag || !/^-[A-Za-z]/u.test(word)) rest.push(word);
    else if (command.switches?.includes(word) === true) flags.set(word, "");
    else if (command.options?.includes(word) === true) {
      index += 1;
      const value = words[index];
      if (value === undefined) throw wrongUse(command, `${word} needs a value`);
      flags.set(word, value);
    } else throw wrongUse(command, `unknown flag ${word}`);
  }
  const [min, max] = command.words;
  if (rest.length < min) throw wrongUse(command, "something is missing");
  if (rest.length > max) throw wrongUse(command, `'${rest[max] ?? ""}' is one word too many`);
  return { flags, words: rest };
}

/** The word at `index`, which the command's minimum says is there. */
export function wordAt(args: ShellArguments, index: number): string {
  return args.words[index] ?? "";
}

/** The value of `-v`, a version; -1, which matches any, when it is not given. */
export function versionOf(command: ShellCommand, args: ShellArguments): number {
  const text = args.flags.get("-v");
  if (text === undefined) return -1;
  const version = Number(text);
  if (!/^-?\d+$/u.test(text) || !Number.isSafeInteger(version)) {
    throw wrongUse(command, `-v needs a version number, not '${text}'`);
  }
  return version;
}

/** An error that shows how `command` is used. */
export function wrongUse(command: ShellCommand, problem: string): ShellError {
  const usage = `${command.name} ${command.usage}`.trim();
  return new ShellError("usage", `Cannot run ${command.name}: ${problem}; usage: ${usage}`);
}
