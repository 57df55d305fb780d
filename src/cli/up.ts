/**
 * `ensemble up FILE`, as the command line sees it. What it does is in `run-up.ts`, which is loaded
 * only when the command is run: a server, which is started by the same program, does without it.
 */
import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import type { UpDeps, UpFlags } from "./up-options.ts";

/** Adds the command to `program`. */
export function registerUp(program: Command, deps: UpDeps): void {
  program
    .command("up")
    .description("run the ensemble that a YAML file describes on this machine, until Ctrl-C")
    .argument("<file>", "YAML file with one Ensemble")
    .option("--data-dir <folder>", "where its data is kept (default: data/<namespace>/<name>)")
    .option(
      "--client-port-base <port>",
      "client port of the first member; 0 for any free ports (default: as last time, or 2181)",
      parsePort,
    )
    .option(
      "--peer-port-base <port>",
      "first port between members; 0 for any free ports (default: as last time, or from 28880)",
      parsePort,
    )
    .action(async (file: string, flags: UpFlags) => {
      const { runUp } = await import("./run-up.ts");
      await runUp(file, flags, deps);
    });
}

function parsePort(text: string): number {
  const port = /^[0-9]{1,5}$/u.test(text) ? Number(text) : -1;
  if (port < 0 || port > 65535) throw new InvalidArgumentError("Expected a port, 0 to 65535.");
  return port;
}
