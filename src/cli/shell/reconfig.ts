/** `reconfig`: changes the members of the ensemble, by what differs or by naming all. */
import { readFileSync } from "node:fs";
import type { MembershipChange } from "../../client/index.ts";
import { formatStat } from "./format-stat.ts";
import { wrongUse } from "./shell-command.ts";
import type { ShellArguments, ShellCommand } from "./shell-command.ts";

export const reconfig: ShellCommand = {
  name: "reconfig",
  usage:
    "[-s] [-v version] [-add server.N=host:port:port[:role];port[,…]] [-remove N[,…]] " +
    "[-members server.N=…[,…]] [-file path]",
  summary: "change the members (-v: only from that version, in hexadecimal; -s: stat)",
  switches: ["-s"],
  options: ["-v", "-add", "-remove", "-members", "-file"],
  words: [0, 0],
  run: async ({ client, print }, args) => {
    const fromVersion = fromVersionOf(args);
    const { text, stat } = await client.reconfigure(changeOf(args), { fromVersion });
    print(`Committed new configuration:\n${text}`);
    if (args.flags.has("-s")) for (const line of formatStat(stat)) print(line);
  },
};

function changeOf({ flags }: ShellArguments): MembershipChange {
  const [add, remove] = [flags.get("-add"), flags.get("-remove")];
  const [members, file] = [flags.get("-members"), flags.get("-file")];
  const isPartial = add !== undefined || remove !== undefined;
  const isWhole = members !== undefined || file !== undefined;
  if (isPartial === isWhole || (members !== undefined && file !== undefined)) {
    const problem = "either -add and -remove, or -members, or -file says what is to change";
    throw wrongUse(reconfig, problem);
  }
  if (members !== undefined) return { members: members.split(",") };
  if (file !== undefined) return { members: linesOf(file) };
  return { add: add?.split(",") ?? [], remove: remove?.split(",").map(parseId) ?? [] };
}

/** What a file of the servers' own says of the members; its version is the servers' business. */
function linesOf(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw wrongUse(reconfig, `-file cannot be read: ${String(error)}`);
  }
  const lines = text.split(/\r?\n/u).map((line) => line.trim());
  return lines.filter((line) => line !== "" && !/^(#|!|version\b)/u.test(line));
}

function parseId(text: string): bigint {
  if (!/^\d{1,18}$/u.test(text)) throw wrongUse(reconfig, `-remove needs ids, not '${text}'`);
  return BigInt(text);
}

function fromVersionOf({ flags }: ShellArguments): bigint {
  const text = flags.get("-v");
  if (text === undefined) return -1n;
  if (!/^[0-9a-f]{1,16}$/iu.test(text)) {
    throw wrongUse(reconfig, `-v needs a version in hexadecimal, not '${text}'`);
  }
  return BigInt(`0x${text}`);
}
