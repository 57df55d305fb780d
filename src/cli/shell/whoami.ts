/** `whoami`: the identities that the server knows this shell by. */
import type { ShellCommand } from "./shell-command.ts";

export const whoami: ShellCommand = {
  name: "whoami",
  usage: "",
  summary: "print the identities of this session",
  words: [0, 0],
  run: async ({ client, print }) => {
    print("Auth scheme: User");
    for (const { scheme, user } of await client.whoAmI()) print(`${scheme}: ${user}`);
  },
};
