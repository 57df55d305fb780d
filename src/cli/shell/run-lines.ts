/**
 * The shell without arguments: reads lines and runs them one after the other, until the input or
 * the session ends. On a terminal there is a prompt and failures are told and forgotten; from a
 * pipe or file the lines are a script, whose failures make the whole fail in the end.
 */
import { createInterface } from "node:readline";
import type { Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { EnsembleClient } from "../../client/index.ts";
import { findCommand, helpLines } from "./commands.ts";
import { parseArguments } from "./shell-command.ts";
import type { ShellContext } from "./shell-command.ts";
import { ShellError } from "./shell-error.ts";
import { splitLine } from "./split-line.ts";

/** Where lines come from and output goes to. */
export interface ShellStreams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable;
}

/** Runs one command given as words. @throws ShellError, ZkError */
export async function runCommand(context: ShellContext, words: readonly string[]): Promise<void> {
  const [name = "", ...rest] = words;
  if (name === "help") {
    for (const line of helpLines()) context.print(line);
    return;
  }
  const command = findCommand(name);
  await command.run(context, parseArguments(command, rest));
}

/**
 * Runs the lines of `streams.stdin`.
 *
 * @param target what the prompt shows: the servers.
 * @throws ShellError `script` when lines failed and the input is no terminal.
 */
export async function runLines(
  context: ShellContext,
  streams: ShellStreams,
  target: string,
): Promise<void> {
  const isTerminal = streams.stdin.isTTY === true && streams.stdout.isTTY === true;
  const input = createInterface({
    input: streams.stdin,
    ...(isTerminal ? { output: streams.stdout } : {}),
    terminal: isTerminal,
  });
  // Without a listener Ctrl-C would only pause the input.
  input.on("SIGINT", () => {
    input.close();
  });
  const forget = context.client.onState(() => {
    if (hasEnded(context.client)) input.close();
  });
  const history: string[] = [];
  let failures = 0;
  const prompt = (): void => {
    if (isTerminal) showPrompt(input, context.client, { target, number: history.length });
  };
  if (isTerminal) context.print("Type 'help' for the commands, 'quit' to leave.");
  prompt();
  for await (const line of input) {
    const isLast = /^\s*(?:quit|exit|close)\s*$/u.test(line);
    if (isLast) break;
    if (line.trim() !== "") {
      history.push(line);
      failures += await runLine(context, streams.stderr, { line, history });
    }
    if (hasEnded(context.client)) break;
    prompt();
  }
  input.close();
  forget();
  if (hasEnded(context.client)) {
    throw new ShellError("script", `Cannot go on: the session is ${context.client.state}`);
  }
  if (failures > 0 && !isTerminal) {
    throw new ShellError("script", `${failures} of ${history.length} commands failed`);
  }
}

/** Runs one line and tells what went wrong; returns the number of failures. */
async function runLine(
  context: ShellContext,
  stderr: Writable,
  { line, history }: { readonly line: string; readonly history: readonly string[] },
): Promise<number> {
  try {
    const words = splitLine(line);
    if (words[0] === "history") {
      for (const [index, typed] of history.entries()) context.print(`${index} - ${typed}`);
    } else await runCommand(context, words);
    return 0;
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    stderr.write(`${error.message}\n`);
    return 1;
  }
}

function showPrompt(
  input: Interface,
  client: EnsembleClient,
  { target, number }: { readonly target: string; readonly number: number },
): void {
  input.setPrompt(`[${target} (${client.state}) ${number}] `);
  input.prompt();
}

function hasEnded({ state }: EnsembleClient): boolean {
  return state === "expired" || state === "auth-failed" || state === "closed";
}
