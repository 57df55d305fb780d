/** `delete`: removes a node without children. */
import { versionOf, wordAt } from "./shell-command.ts";
import type { ShellCommand } from "./shell-command.ts";

export const deleteNode: ShellCommand = {
  name: "delete",
  usage: "[-v version] path",
  summary: "remove a node (-v: only if that is its version)",
  options: ["-v"],
  words: [1, 1],
  run: async ({ client }, args) => {
    await client.delete(wordAt(args, 0), versionOf(deleteNode, args));
  },
};
