/** `addauth`: presents credentials for the rest of the shell's session. */
import { wordAt } from "./shell-command.ts";
import type { ShellCommand } from "./shell-command.ts";

export const addauth: ShellCommand = {
  name: "addauth",
  usage: "scheme [auth]",
  summary: "present credentials (for example digest user:password)",
  words: [1, 2],
  run: async ({ client }, args) => {
    await client.addAuth(wordAt(args, 0), args.words[1] ?? "");
  },
};
