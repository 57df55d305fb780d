/**
 * `ensemble recover FILE`, as the command line sees it: makes an ensemble of the one server that
 * has kept its data when the others have lost theirs for good. What it does is in `run-recover.ts`,
 * which is loaded only when the command is run.
 */
import type { Command } from "commander";
import type { RecoverDeps } from "./recover/recover-deps.ts";

/** Adds the command to `program`. */
export function registerRecover(program: Command, deps: RecoverDeps): void {
  program
    .command("recover")
    .description("make an ensemble of the only server that has kept its data")
    .argument("<file>", "the survivor's configuration, such as zoo.cfg; the server must not run")
    .option("--accept-data-loss", "do it; without, it is only said what is there")
    .action(async (file: string, flags: { acceptDataLoss?: boolean }) => {
      const { runRecover } = await import("./run-recover.ts");
      await runRecover(file, flags.acceptDataLoss === true, deps);
    });
}
