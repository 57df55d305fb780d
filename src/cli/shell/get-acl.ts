/** `getAcl`: who may do what with a node. */
import { formatAcl } from "./acl-text.ts";
import { formatStat } from "./format-stat.ts";
import { wordAt } from "./shell-command.ts";
import type { ShellCommand } from "./shell-command.ts";

export const getAcl: ShellCommand = {
  name: "getAcl",
  usage: "[-s] path",
  summary: "print the access control list (-s: stat)",
  switches: ["-s"],
  words: [1, 1],
  run: async ({ client, print }, args) => {
    const { acl, stat } = await client.getAcl(wordAt(args, 0));
    for (const line of formatAcl(acl)) print(line);
    if (args.flags.has("-s")) for (const line of formatStat(stat)) print(line);
  },
};
