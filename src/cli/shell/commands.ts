/** The commands of the shell, by name, and their help. */
import { nearestName } from "../../base/index.ts";
import { addauth } from "./addauth.ts";
import { config } from "./config.ts";
import { create } from "./create.ts";
import { deleteNode } from "./delete.ts";
import { deleteall } from "./deleteall.ts";
import { getAcl } from "./get-acl.ts";
import { get } from "./get.ts";
import { ls } from "./ls.ts";
import { reconfig } from "./reconfig.ts";
import { setAcl } from "./set-acl.ts";
import { set } from "./set.ts";
import type { ShellCommand } from "./shell-command.ts";
import { ShellError } from "./shell-error.ts";
import { stat } from "./stat.ts";
import { sync } from "./sync.ts";
import { whoami } from "./whoami.ts";

const commands: readonly ShellCommand[] = [
  ls,
  get,
  set,
  create,
  deleteNode,
  deleteall,
  stat,
  getAcl,
  setAcl,
  addauth,
  sync,
  whoami,
  config,
  reconfig,
];

/** @throws ShellError `usage` for an unknown name, with the one that was probably meant. */
export function findCommand(name: string): ShellCommand {
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const names = [...commands.map((command) => command.name), "help", "history", "quit"];
  const nearest = nearestName(name, names);
  const hint = nearest === null ? "try 'help'" : `did you mean '${nearest}'?`;
  throw new ShellError("usage", `Cannot run '${name}': there is no such command; ${hint}`);
}

/** One line per command. */
export function helpLines(): string[] {
  const lines = commands.map(({ name, usage, summary }): [string, string] => [
    `${name} ${usage}`.trim(),
    summary,
  ]);
  lines.push(["history", "list the lines typed so far"]);
  lines.push(["help", "print this"], ["quit", "leave"]);
  const width = Math.max(...lines.map(([left]) => left.length));
  return lines.map(([left, right]) => `${left.padEnd(width)}  ${right}`);
}
