/** What the commands that run one server have in common: how it is run, logged and stopped. */
import { Option } from "commander";
import type { Command } from "commander";
import type { Logger } from "../observe/index.ts";
import type { ServerConfig } from "../server/index.ts";

/** A server that runs. */
export interface RunningServer {
  /**
   * Takes up what its files say now, as far as that needs no restart.
   *
   * @throws ConfigError when they cannot be used: then nothing changes.
   */
  reload(): unknown;
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
    readonly readConfig?: (() => ServerConfig) | undefined;
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

/** What is run. */
export interface Service {
  readonly config: ServerConfig;
  readonly logger: Logger;
  /** Resolves when it is to stop. */
  readonly stopWanted: Promise<void>;
  /** Makes a configuration of what is to hold now. @throws ConfigError @default of its file */
  readonly readConfig?: () => ServerConfig;
  /** Begins what goes along with the server, and is closed before it stops. */
  readonly accompany?: (server: RunningServer, logger: Logger) => { close(): void };
}

/** Runs a server until it is asked to stop; rejects when it cannot go on. */
export async function serve(service: Service, { startServer }: ServeDeps): Promise<void> {
  const { config, stopWanted, readConfig, accompany } = service;
  const id = config.myId === null ? {} : { server: String(config.myId) };
  const logger = service.logger.child(id);
  for (const warning of config.warnings) service.logger.warn("Configuration", { warning });
  const server = await startServer({ config, logger, readConfig });
  const companion = accompany?.(server, logger);
  try {
    await Promise.race([stopWanted, server.done]);
  } finally {
    companion?.close();
  }
  await server.stop();
}
