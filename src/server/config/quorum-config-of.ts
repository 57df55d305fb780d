/** The membership that a server's own files state, in the form in which servers exchange it. */
import { makeQuorumConfig } from "../../wire/index.ts";
import type { QuorumConfig } from "../../wire/index.ts";
import type { ServerConfig } from "./server-config.ts";

export function quorumConfigOf(config: ServerConfig): QuorumConfig {
  const { servers, groups, weights, configVersion: version } = config;
  return makeQuorumConfig({ servers: servers.values(), groups, weights, version });
}
