/** `sync`: waits until this shell's server has caught up with the leader. */
import { wordAt } from "./shell-command.ts";
import type { ShellCommand } from "./shell-command.ts";

export const sync: ShellCommand = {
  name: "sync",
  usage: "path",
  summary: "wait until the server has caught up with the leader",
  words: [1, 1],
  run: async ({ client, print }, args) => {
    await client.sync(wordAt(args, 0));
    print("Sync is OK");
  },
};
