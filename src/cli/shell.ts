/**
 * `ensemble shell`: looks at and changes the tree of a running ensemble, ours or ZooKeeper's, with
 * the commands of zkCli. With words after it, it runs that one command and ends; with -w it waits
 * for the watch's event first. Without words it reads commands line by line.
 */
import type { Writable } from "node:stream";
import type { Command } from "commander";
import { EnsembleClient } from "../client/index.ts";
import type { WatchEvent, Watcher } from "../client/index.ts";
import { helpLines } from "./shell/commands.ts";
import { formatEvent } from "./shell/format-event.ts";
import { runCommand, runLines } from "./shell/run-lines.ts";
import type { ShellStreams } from "./shell/run-lines.ts";
import { ShellError } from "./shell/shell-error.ts";

/** What the command needs from the process that it runs in. */
export type ShellDeps = ShellStreams;

interface ShellFlags {
  readonly server: string;
  readonly timeout: string;
}

/** Adds the command to `program`. Its action rejects with `ZkError` or `ShellError`. */
export function registerShell(program: Command, deps: ShellDeps): void {
  // What follows the shell's command belongs to it: `ls -s /` is not about a server.
  program.enablePositionalOptions();
  program
    .command("shell")
    .description("look at and change the tree of a running ensemble")
    .argument("[command...]", "run this command and end; without one, read them line by line")
    .option("-s, --server <servers>", "host:port,host:port/chroot", "127.0.0.1:2181")
    .option("-t, --timeout <ms>", "how long to look for a server, in ms", "10000")
    .passThroughOptions()
    .addHelpText("after", () => `\nCommands:\n  ${helpLines().join("\n  ")}`)
    .action(async (words: string[], flags: ShellFlags) => runShell(words, flags, deps));
}

async function runShell(words: string[], flags: ShellFlags, deps: ShellDeps): Promise<void> {
  if (!/^[1-9]\d{0,8}$/u.test(flags.timeout)) {
    const problem = `--timeout is '${flags.timeout}'`;
    throw new ShellError("usage", `Cannot run shell: ${problem}: expected milliseconds`);
  }
  const client = await EnsembleClient.connect(flags.server, {
    firstConnectTimeoutMs: Number(flags.timeout),
  });
  try {
    if (words.length > 0) await runOnce(client, words, deps.stdout);
    else {
      const { print, printEvent } = printersTo(deps.stdout);
      await runLines({ client, print, newWatch: () => printEvent }, deps, flags.server);
    }
  } finally {
    await client.close();
  }
}

/** Runs one command and, when it sets a watch, waits for the event. */
async function runOnce(
  client: EnsembleClient,
  words: readonly string[],
  stdout: Writable,
): Promise<void> {
  const { print, printEvent } = printersTo(stdout);
  const events: Promise<WatchEvent>[] = [];
  const newWatch = (): Watcher => {
    let tell: Watcher = printEvent;
    const event = new Promise<WatchEvent>((resolve) => {
      tell = resolve;
    });
    events.push(event);
    return tell;
  };
  await runCommand({ client, print, newWatch }, words);
  for (const event of events) printEvent(await event);
}

function printersTo(stdout: Writable): { print: (line: string) => void; printEvent: Watcher } {
  const print = (line: string): void => {
    stdout.write(`${line}\n`);
  };
  const printEvent = (event: WatchEvent): void => {
    for (const line of formatEvent(event)) print(line);
  };
  return { print, printEvent };
}
