/** `setAcl`: replaces a node's access control list. */
import { parseAcl } from "./acl-text.ts";
import { formatStat } from "./format-stat.ts";
import { versionOf, wordAt } from "./shell-command.ts";
import type { ShellCommand } from "./shell-command.ts";

export const setAcl: ShellCommand = {
  name: "setAcl",
  usage: "[-s] [-v aclVersion] path acl",
  summary: "replace the access control list (for example world:anyone:cdrwa)",
  switches: ["-s"],
  options: ["-v"],
  words: [2, 2],
  run: async ({ client, print }, args) => {
    const acl = parseAcl(wordAt(args, 1));
    const stat = await client.setAcl(wordAt(args, 0), acl, versionOf(setAcl, args));
    if (args.flags.has("-s")) for (const line of formatStat(stat)) print(line);
  },
};
