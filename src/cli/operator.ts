/**
 * `ensemble operator`, as the command line sees it: looks after the Ensembles of a Kubernetes
 * cluster until it is asked to stop, or may not act any more. What it does is in `run-operator.ts`,
 * which is loaded only when the command is run.
 */
import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import type { OperatorDeps, OperatorFlags } from "./operator-options.ts";

const PORT_DEFAULT = 8080;

/** Adds the command to `program`. */
export function registerOperator(program: Command, deps: OperatorDeps): void {
  program
    .command("operator")
    .description("look after the Ensembles of a Kubernetes cluster")
    .requiredOption("--image <image>", "what members run, unless an Ensemble says otherwise")
    .option(
      "--namespace <name>",
      "look after this namespace alone; may be given several times (default: all)",
      (name: string, others: readonly string[]) => [...others, name],
      [],
    )
    .option("--no-leader-elect", "act without a lease: for a sole operator, such as on a desk")
    .option(
      "--lease-namespace <name>",
      "where the lease is (default: the pod's namespace, or the first that is looked after)",
    )
    .option("--health-port <port>", "port of /healthz and /readyz", parsePort, PORT_DEFAULT)
    .option("--metrics-port <port>", "port of /metrics; may be the same", parsePort, PORT_DEFAULT)
    .addOption(
      new Option("--log-level <level>", "least severe records to write")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    )
    .action(async (flags: OperatorFlags) => {
      const { runOperator } = await import("./run-operator.ts");
      await runOperator(flags, deps);
    });
}

function parsePort(text: string): number {
  const port = /^[0-9]{1,5}$/u.test(text) ? Number(text) : -1;
  if (port < 0 || port > 65535) throw new InvalidArgumentError("Expected a port, 0 to 65535.");
  return port;
}
