/** The configuration of a server with the members that count, which its files may not know. */
import type { QuorumConfig } from "../../wire/index.ts";
import type { ServerConfig } from "../config/index.ts";
import { listenHost } from "./own-endpoints.ts";

/** `config` with the members of `active`, and where its line there awaits clients. */
export function withMembers(config: ServerConfig, active: QuorumConfig, sid: bigint): ServerConfig {
  const { servers, groups, weights, version: configVersion } = active;
  const address = servers.get(sid)?.clientAddress;
  const client =
    address === undefined
      ? {}
      : { clientPort: address.port, clientPortAddress: listenHost(address.host) };
  return { ...config, ...client, servers, groups, weights, configVersion };
}
