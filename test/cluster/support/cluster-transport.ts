/**
 * TCP to the cluster's names from outside of it: they are looked up at the cluster's own DNS at
 * each attempt, as a client in a pod does, since this machine's resolver knows nothing of them.
 * Where the DNS does not answer, the address that it gave last is used, as caches of clients do.
 */
import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import type { Transport, TransportConnection } from "../../../src/client/index.ts";
import { nodeTransport } from "../../../src/client/transport-node.ts";

/** Where the recipe has the node, and on it the cluster's DNS. */
export const CLUSTER_ADDRESS = "198.18.0.2";

const resolver = new Resolver({ timeout: 500, tries: 1 });
resolver.setServers([CLUSTER_ADDRESS]);

const lastAddresses = new Map<string, string>();

async function lookUp(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    const [address = host] = await resolver.resolve4(host);
    lastAddresses.set(host, address);
    return address;
  } catch (error) {
    const address = lastAddresses.get(host);
    if ((error as { code?: string }).code !== "ETIMEOUT" || address === undefined) throw error;
    return address;
  }
}

/** Connections to names of the cluster. */
export const clusterTransport: Transport = {
  connect(server, handlers): TransportConnection {
    let connection: TransportConnection | undefined;
    let isClosed = false;
    lookUp(server.host).then(
      (host) => {
        if (!isClosed) connection = nodeTransport.connect({ ...server, host }, handlers);
      },
      (error: unknown) => {
        if (!isClosed) handlers.closed(error instanceof Error ? error : new Error(String(error)));
      },
    );
    return {
      send: (bytes) => connection?.send(bytes),
      close: () => {
        isClosed = true;
        connection?.close();
      },
    };
  },
};
