/** `deleteall`: removes a node and everything below it, deepest nodes first; not atomic. */
import { ZkError } from "../../client/index.ts";
import { wordAt } from "./shell-command.ts";
import type { ShellCommand } from "./shell-command.ts";
import { walkTree } from "./walk-tree.ts";

/** Deletes that may be on their way at the same time. */
const batchMax = 500;

export const deleteall: ShellCommand = {
  name: "deleteall",
  usage: "path",
  summary: "remove a node and everything below it",
  words: [1, 1],
  run: async ({ client }, args) => {
    const paths = (await walkTree(client, wordAt(args, 0))).reverse();
    for (let from = 0; from < paths.length; from += batchMax) {
      // A client's requests are carried out in order: children go before their parents.
      const batch = paths.slice(from, from + batchMax).map((path) => client.delete(path));
      for (const result of await Promise.allSettled(batch)) {
        if (result.status === "fulfilled") continue;
        const failure = ZkError.from(result.reason);
        if (failure.code !== "noNode") throw failure;
      }
    }
  },
};
