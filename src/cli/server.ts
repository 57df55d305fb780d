/**
 * `ensemble server FILE`: runs one server from an ordinary ZooKeeper configuration file until it
 * is asked to stop or cannot go on; with `--check`, only says what it makes of the file.
 */
import type { Command } from "commander";
import type { ServerConfig } from "../server/index.ts";
import { addServeOptions, serve, whenStopWanted } from "./serve.ts";
import type { ServeDeps, ServeFlags } from "./serve.ts";

/** What the command needs from the process that it runs in. */
export interface ServerDeps extends ServeDeps {
  /** Prints a line for the user. */
  readonly print: (line: string) => void;
}

interface ServerFlags extends ServeFlags {
  readonly check?: boolean;
}

/** Adds the command to `program`. */
export function registerServer(program: Command, deps: ServerDeps): void {
  const command = program
    .command("server")
    .description("run one server from a ZooKeeper configuration file")
    .argument("<file>", "configuration, such as zoo.cfg")
    .option("--check", "only say what the configuration comes to, and what of it has no effect");
  addServeOptions(command).action(async (file: string, flags: ServerFlags) =>
    runServer(file, flags, deps),
  );
}

async function runServer(file: string, flags: ServerFlags, deps: ServerDeps): Promise<void> {
  const config = deps.loadServerConfig(file);
  if (flags.check === true) {
    for (const warning of config.warnings) deps.print(`warning: ${warning}`);
    deps.print(describeServer(config));
    return;
  }
  const stopWanted = whenStopWanted(flags, deps);
  const logger = deps.createLogger({ file: flags.logFile ?? null, level: flags.logLevel });
  await serve({ config, logger, stopWanted }, deps);
}

function describeServer(config: ServerConfig): string {
  const { myId, servers, clientPort, dataDir, dataLogDir } = config;
  const own = myId === null ? undefined : servers.get(myId);
  const who =
    own === undefined
      ? "a standalone server"
      : `server ${String(myId)} of ${String(servers.size)}, ${own.role}`;
  const logs = dataLogDir === dataDir ? "" : `, logs in ${dataLogDir}`;
  return `${who}: clients on port ${String(clientPort ?? "none")}, data in ${dataDir}${logs}`;
}
