/** `ls`: the children of a node, sorted; with -R the whole subtree, one path per line. */
import { formatStat } from "./format-stat.ts";
import { wordAt } from "./shell-command.ts";
import type { ShellCommand } from "./shell-command.ts";
import { walkTree } from "./walk-tree.ts";

export const ls: ShellCommand = {
  name: "ls",
  usage: "[-s] [-w] [-R] path",
  summary: "list children (-s: stat, -w: watch, -R: everything below)",
  switches: ["-s", "-w", "-R"],
  words: [1, 1],
  run: async ({ client, print, newWatch }, args) => {
    const path = wordAt(args, 0);
    const options = args.flags.has("-w") ? { watch: newWatch() } : {};
    if (args.flags.has("-R")) {
      if (args.flags.has("-w")) await client.getChildren(path, options);
      for (const found of await walkTree(client, path)) print(found);
      return;
    }
    const { children, stat } = await client.getChildren(path, options);
    print(`[${children.sort().join(", ")}]`);
    if (args.flags.has("-s")) for (const line of formatStat(stat)) print(line);
  },
};
