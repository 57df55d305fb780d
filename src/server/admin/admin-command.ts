/** What an admin command is: its names, who may run it and when, and what it gives back. */
import type { ServerFacts } from "./server-facts.ts";
import type { TraceMask } from "./trace-mask.ts";

/** What a command has to work with. */
export interface CommandContext {
  readonly facts: ServerFacts;
  readonly traceMask: TraceMask;
  /** Parameters of the query; of several values of one name, the first. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** What a command gives back. */
export interface CommandResult {
  /** @default 200 */
  readonly statusCode?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Members of the JSON answer; `command` and `error` (null unless given) are added. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** A file to send instead of JSON; it is closed afterwards. */
  readonly file?: import("node:fs/promises").FileHandle;
}

export interface AdminCommand {
  /** The first one is its own, the others are short for it. */
  readonly names: readonly [string, ...string[]];
  /** By which method it is run, if not by both. @default GET */
  readonly method?: "POST" | "any";
  /** Whether it needs a server that serves. @default true */
  readonly needsServer?: boolean;
  /** Whether the caller must have every permission on the root node. @default false */
  readonly needsRoot?: boolean;
  run(context: CommandContext): CommandResult | Promise<CommandResult>;
}
