/** `get`: the data of a node, as text. */
import { formatStat } from "./format-stat.ts";
import { wordAt } from "./shell-command.ts";
import type { ShellCommand } from "./shell-command.ts";

export const get: ShellCommand = {
  name: "get",
  usage: "[-s] [-w] path",
  summary: "print data (-s: stat, -w: watch)",
  switches: ["-s", "-w"],
  words: [1, 1],
  run: async ({ client, print, newWatch }, args) => {
    const options = args.flags.has("-w") ? { watch: newWatch() } : {};
    const { data, stat } = await client.getData(wordAt(args, 0), options);
    print(data === null ? "null" : data.toString("utf8"));
    if (args.flags.has("-s")) for (const line of formatStat(stat)) print(line);
  },
};
