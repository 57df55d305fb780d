/** What `ensemble recover` is given by the process that it runs in. */
import type { ServerConfig } from "../../server/index.ts";

/** What the command needs from the process that it runs in. */
export interface RecoverDeps {
  readonly loadServerConfig: (file: string) => ServerConfig;
  readonly print: (line: string) => void;
}
