/**
 * Where to listen. The wildcard address of either family stands for every interface and both
 * families, as it does in Java and so in ZooKeeper; Node.js does that when it is given no address,
 * also on a machine without IPv6.
 */
import { WILDCARD_HOSTS } from "./config/index.ts";

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** The same as Node.js wants it. */
export function listenOptions({ host, port }: Endpoint): Partial<Endpoint> {
  return WILDCARD_HOSTS.includes(host) ? { port } : { host, port };
}
