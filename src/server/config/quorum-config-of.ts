/** The membership that a server's own files state, in the form in which servers exchange it. */
import { makeQuorumConfig } from "../../wire/index.ts";
import type { QuorumConfig } from "../../wire/index.ts";
import type { ServerConfig } from "./server-config.ts";

export function quorumConfigOf(config: ServerConfig): QuorumConfig {
  return makeQuorumConfig({ servers: config.servers.values(), version: config.configVersion });
}
