/** `create`: makes a node of any kind. */
import type { CreateModeName } from "../../client/index.ts";
import { parseAcl } from "./acl-text.ts";
import { wordAt, wrongUse } from "./shell-command.ts";
import type { ShellArguments, ShellCommand } from "./shell-command.ts";

export const create: ShellCommand = {
  name: "create",
  usage: "[-s] [-e] [-c] [-t ttlMs] path [data] [acl]",
  summary: "make a node (-s: sequential, -e: ephemeral, -c: container, -t: with a TTL)",
  switches: ["-s", "-e", "-c"],
  options: ["-t"],
  words: [1, 3],
  run: async ({ client, print }, args) => {
    const aclText = args.words[2];
    const ttlText = args.flags.get("-t");
    const path = await client.create(wordAt(args, 0), args.words[1] ?? "", {
      mode: modeOf(args),
      ...(aclText === undefined ? {} : { acl: parseAcl(aclText) }),
      ...(ttlText === undefined ? {} : { ttlMs: parseTtl(ttlText) }),
    });
    print(`Created ${path}`);
  },
};

function modeOf({ flags }: ShellArguments): CreateModeName {
  const isSequential = flags.has("-s");
  const others = ["-e", "-c", "-t"].filter((flag) => flags.has(flag));
  if (others.length > 1 || (flags.has("-c") && isSequential)) {
    throw wrongUse(create, "of -e, -c and -t only one may be given, and -s not with -c");
  }
  switch (others[0]) {
    case "-e":
      return isSequential ? "ephemeralSequential" : "ephemeral";
    case "-c":
      return "container";
    case "-t":
      return isSequential ? "persistentSequentialWithTtl" : "persistentWithTtl";
    default:
      return isSequential ? "persistentSequential" : "persistent";
  }
}

function parseTtl(text: string): number {
  const ttlMs = Number(text);
  if (/^\d+$/u.test(text) && Number.isSafeInteger(ttlMs)) return ttlMs;
  throw wrongUse(create, `-t needs a number of milliseconds, not '${text}'`);
}
