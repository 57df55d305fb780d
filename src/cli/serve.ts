/** What the commands that run one server have in common: how it is run, logged and stopped. */
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

/** What running a server needs from the process that it runs in. */
export interface ServeDeps {
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
}

/** What the command line says about running a server, whatever its configuration is made from. */
export interface ServeFlags {
  readonly logFile?: string;
  readonly logLevel: string;
  readonly stopOnStdinEnd?: boolean;
}

/** Adds the options of `ServeFlags` to a command. */
export function addServeOptions(command: Command): Command {
  return command
    .option("--log-file <file>", "write the log there, as JSON lines, instead of standard error")
    .addOption(logLevelOption())
    .option("--stop-on-stdin-end", "stop when standard input ends, as it does with the parent");
}

/** How much is logged. */
function logLevelOption(): Option {
  return new Option("--log-level <level>", "least severe records to write")
    .choices(["debug", "info", "warn", "error"])
    .default("info");
}

/** Resolves when the server is to stop, from this call on. */
export async function whenStopWanted(flags: ServeFlags, deps: ServeDeps): Promise<void> {
  return new Promise((resolve) => {
    deps.onStopSignal(resolve);
    if (flags.stopOnStdinEnd === true) deps.onStdinEnd(resolve);
  });
}

/**
 * Runs a server until it is asked to stop; rejects when it cannot go on.
 *
 * @param stopWanted - resolves when it is to stop.
 */
export async function serve(
  config: ServerConfig,
  logger: Logger,
  stopWanted: Promise<void>,
  startServer: ServeDeps["startServer"],
): Promise<void> {
  for (const warning of config.warnings) logger.warn("Configuration", { warning });
  const id = config.myId === null ? {} : { server: String(config.myId) };
  const server = await startServer({ config, logger: logger.child(id) });
  await Promise.race([stopWanted, server.done]);
  await server.stop();
}
