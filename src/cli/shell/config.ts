/** `config`: the ensemble's configuration: its members, or as clients need it to connect. */
import { formatStat } from "./format-stat.ts";
import type { ShellCommand } from "./shell-command.ts";

export const config: ShellCommand = {
  name: "config",
  usage: "[-c] [-w] [-s]",
  summary: "print the members (-c: version and client addresses, -w: watch, -s: stat)",
  switches: ["-c", "-w", "-s"],
  words: [0, 0],
  run: async ({ client, print, newWatch }, args) => {
    const options = args.flags.has("-w") ? { watch: newWatch() } : {};
    const { text, version, stat } = await client.getConfig(options);
    print(args.flags.has("-c") ? `${version.toString(16)} ${clientAddresses(text)}` : text);
    if (args.flags.has("-s")) for (const line of formatStat(stat)) print(line);
  },
};

/** What clients may connect to: what stands behind the semicolons. */
function clientAddresses(text: string): string {
  const lines = text.split("\n").filter((line) => line.startsWith("server."));
  return lines.flatMap((line) => line.split(";").slice(1)).join(",");
}
