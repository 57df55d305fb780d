/** The face of `server/`: one server process, and its configuration. */
export {
  ConfigError,
  describeConfigKeys,
  loadServerConfig,
  parseServerConfig,
} from "./config/index.ts";
export type { ServerConfig } from "./config/index.ts";
export { startServer } from "./start-server.ts";
export { TreeRecovery } from "./tree-recovery.ts";
