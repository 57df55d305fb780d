/** Where a server listens, and how it says so. */
import type { ServerConfig } from "../config/index.ts";
import { WILDCARD_HOSTS } from "../config/index.ts";
import type { Endpoint } from "../endpoint.ts";

/** Where to listen for what others reach at `endpoint`. */
export function bindEndpoint(
  endpoint: Endpoint,
  { quorumListenOnAllIps }: Pick<ServerConfig, "quorumListenOnAllIps">,
): Endpoint {
  return quorumListenOnAllIps ? { ...endpoint, host: "0.0.0.0" } : endpoint;
}

export function formatEndpoint({ host, port }: Endpoint): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Null stands for every interface. */
export function listenHost(host: string): string | null {
  return WILDCARD_HOSTS.includes(host) ? null : host;
}
