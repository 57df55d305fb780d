/**
 * `ensemble server FILE`: runs one server from an ordinary ZooKeeper configuration file until it
 * is asked to stop or cannot go on; with `--check`, only says what it makes of the file.
 */
import { Option } from "commander";
import type { Command } from "commander";
import type { Logger } from "../observe/index.ts";
import type { ServerConfig } from "../server/index.ts";

/** A server that runs. */
export interface RunningServer {
  /** Stops it in order. */
  stop(): Promise<void>;
  /** Resolves when it has stopped; rejects when it cannot go on. */
  readonly done: Promise<void>;
}

/** What the command needs from the process that it runs in. */
export interface ServerDeps {
  readonly loadServerConfig: (file: string) => ServerConfig;
  readonly startServer: (options: {
    readonly config: ServerConfig;
    readonly logger: Logger;
  }) => Promise<RunningServer>;
  /** A logger to a file, or to standard error when there is none. */
  readonly createLogger: (options: {
    readonly file: string | null;
    readonly level: string;
  }) => Logger;
  /** Calls the handler at each Ctrl-C or SIGTERM from now on. */
  readonly onStopSignal: (handler: () => void) => void;
  /** Calls the handler when standard input ends. */
  readonly onStdinEnd: (handler: () => void) => void;
  /** Prints a line for the user. */
  readonly print: (line: string) => void;
}

interface ServerFlags {
  readonly check?: boolean;
  readonly logFile?: string;
  readonly logLevel: string;
  readonly stopOnStdinEnd?: boolean;
}

/** Adds the command to `program`. */
export function registerServer(program: Command, deps: ServerDeps): void {
  program
    .command("server")
    .description("run one server from a ZooKeeper configuration file")
    .argument("<file>", "configuration, such as zoo.cfg")
    .option("--check", "only say what the configuration comes to, and what of it has no effect")
    .option("--log-file <file>", "write the log there, as JSON lines, instead of standard error")
    .addOption(
      new Option("--log-level <level>", "least severe records to write")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    )
    .option("--stop-on-stdin-end", "stop when standard input ends, as it does with the parent")
    .action(async (file: string, flags: ServerFlags) => runServer(file, flags, deps));
}

async function runServer(file: string, flags: ServerFlags, deps: ServerDeps): Promise<void> {
  const config = deps.loadServerConfig(file);
  if (flags.check === true) {
    for (const warning of config.warnings) deps.print(`warning: ${warning}`);
    deps.print(describeServer(config));
    return;
  }
  const logger = deps.createLogger({ file: flags.logFile ?? null, level: flags.logLevel });
  for (const warning of config.warnings) logger.warn("Configuration", { warning });
  const stopWanted = new Promise<void>((resolve) => {
    deps.onStopSignal(resolve);
    if (flags.stopOnStdinEnd === true) deps.onStdinEnd(resolve);
  });
  const id = config.myId === null ? {} : { server: String(config.myId) };
  const server = await deps.startServer({ config, logger: logger.child(id) });
  await Promise.race([stopWanted, server.done]);
  await server.stop();
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
