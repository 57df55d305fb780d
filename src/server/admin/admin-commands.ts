/**
 * All admin commands under all their names, and how one of them is run: whether the server is in a
 * state for it, whether the caller may, and what becomes of its answer (ZooKeeper 3.9 `Commands`).
 */
import type { Logger } from "../../observe/index.ts";
import { refuseCaller } from "./admin-access.ts";
import type { AdminCommand, CommandResult } from "./admin-command.ts";
import { leadershipCommands } from "./leadership-commands.ts";
import { memberCommands } from "./member-commands.ts";
import { quorumCommands } from "./quorum-commands.ts";
import { reportCommands } from "./report-commands.ts";
import type { ServerFacts } from "./server-facts.ts";
import { settingsCommands } from "./settings-commands.ts";
import { createSnapshotCommands } from "./snapshot-commands.ts";
import type { TraceMask } from "./trace-mask.ts";

/** A request for a command. */
export interface CommandRequest {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** The `Authorization` header. */
  readonly authorization: string | undefined;
  /** Of the caller's socket. */
  readonly remoteAddress: string;
}

/** A result whose `data` is all that the answer shows. */
export type CommandAnswer = Required<Pick<CommandResult, "statusCode" | "headers" | "data">> &
  Pick<CommandResult, "file">;

const notServing = "This ZooKeeper instance is not currently serving requests";

export class AdminCommands {
  readonly #facts: ServerFacts;
  readonly #traceMask: TraceMask;
  readonly #commands: readonly AdminCommand[];
  readonly #byName = new Map<string, AdminCommand>();

  constructor(facts: ServerFacts, traceMask: TraceMask, logger: Logger) {
    this.#facts = facts;
    this.#traceMask = traceMask;
    this.#commands = [
      ...reportCommands,
      ...quorumCommands,
      ...leadershipCommands,
      ...memberCommands,
      ...settingsCommands,
      ...createSnapshotCommands(facts.config.admin, facts.clock, logger),
    ];
    for (const command of this.#commands) {
      for (const name of command.names) this.#byName.set(name, command);
    }
  }

  /** The commands' own names, in alphabetical order. */
  get names(): readonly string[] {
    return this.#commands.map(({ names }) => names[0]).sort();
  }

  /** The methods by which a command may be run; an unknown one is answered, and so by GET. */
  methodsOf(name: string): readonly ("GET" | "POST")[] {
    const method = this.#byName.get(name)?.method;
    if (method === undefined) return ["GET"];
    return method === "any" ? ["GET", "POST"] : ["POST"];
  }

  async run(request: CommandRequest): Promise<CommandAnswer> {
    const { name, parameters, authorization, remoteAddress } = request;
    const command = this.#byName.get(name);
    // ZooKeeper answers these two with 200, and so do the tools expect it.
    if (command === undefined) return answer(name, { data: { error: `Unknown command: ${name}` } });
    const facts = this.#facts;
    if (facts.mode === null && command.needsServer !== false) {
      // ZooKeeper says so with 200; whoever asks for a change by POST goes by the status.
      const statusCode = command.method === "POST" ? 503 : 200;
      return answer(name, { statusCode, data: { error: notServing } });
    }
    if (command.needsRoot === true) {
      const refusal = refuseCaller(facts, authorization, remoteAddress);
      if (refusal !== null) {
        const { statusCode, error } = refusal;
        return answer(name, { statusCode, data: { error } });
      }
    }
    const result = await command.run({ facts, traceMask: this.#traceMask, parameters });
    return answer(command.names[0], result);
  }
}

function answer(command: string, result: CommandResult): CommandAnswer {
  const { statusCode = 200, headers = {}, data = {}, file } = result;
  const members = { ...data, command, error: data["error"] ?? null };
  return { statusCode, headers, data: members, ...(file === undefined ? {} : { file }) };
}
