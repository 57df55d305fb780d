/** `stat`: everything about a node but its data. */
import { ZkError } from "../../client/index.ts";
import { formatStat } from "./format-stat.ts";
import { wordAt } from "./shell-command.ts";
import type { ShellCommand } from "./shell-command.ts";

export const stat: ShellCommand = {
  name: "stat",
  usage: "[-w] path",
  summary: "print a node's stat (-w: watch, also for a node that does not exist yet)",
  switches: ["-w"],
  words: [1, 1],
  run: async ({ client, print, newWatch }, args) => {
    const path = wordAt(args, 0);
    const found = await client.exists(path, args.flags.has("-w") ? { watch: newWatch() } : {});
    if (found === null) throw ZkError.withCode("noNode", "print stat of", { path });
    for (const line of formatStat(found)) print(line);
  },
};
