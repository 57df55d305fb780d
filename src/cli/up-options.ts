/** What `ensemble up` is given: by the command line, and by the process that it runs in. */
import type { Clock } from "../base/index.ts";
import type { ServerCommand } from "../operator/index.ts";

/** What the command needs from the process that it runs in. */
export interface UpDeps {
  readonly clock: Clock;
  readonly pid: number;
  readonly workingFolder: string;
  /** How to start a member. */
  readonly server: ServerCommand;
  /** Writes a line for the user. */
  readonly print: (line: string) => void;
  /** Calls the handler at each Ctrl-C or SIGTERM from now on. */
  readonly onStopSignal: (handler: () => void) => void;
}

/** What the command line says. */
export interface UpFlags {
  readonly dataDir?: string;
  readonly clientPortBase?: number;
  readonly peerPortBase?: number;
}
