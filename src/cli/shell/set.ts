/** `set`: replaces the data of a node. */
import { formatStat } from "./format-stat.ts";
import { versionOf, wordAt } from "./shell-command.ts";
import type { ShellCommand } from "./shell-command.ts";

export const set: ShellCommand = {
  name: "set",
  usage: "[-s] [-v version] path data",
  summary: "replace data (-s: stat, -v: only if that is its version)",
  switches: ["-s"],
  options: ["-v"],
  words: [2, 2],
  run: async ({ client, print }, args) => {
    const version = versionOf(set, args);
    const stat = await client.setData(wordAt(args, 0), wordAt(args, 1), version);
    if (args.flags.has("-s")) for (const line of formatStat(stat)) print(line);
  },
};
