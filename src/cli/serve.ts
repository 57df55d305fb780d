/** What the commands that run one server have in common: how it is run, logged and stopped. */
import { Option } from "commander";
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
}

/** How much is logged. */
export function logLevelOption(): Option {
  return new Option("--log-level <level>", "least severe records to write")
    .choices(["debug", "info", "warn", "error"])
    .default("info");
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
