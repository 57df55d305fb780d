/**
 * TCP to the cluster's names from outside of it: they are looked up at the cluster's own DNS at
 * each attempt, as a client in a pod does, since this machine's resolver knows nothing of them.
 */
import { Resolver } from "node:dns/promises";
import type { Transport, TransportConnection } from "../../../src/client/index.ts";
import { nodeTransport } from "../../../src/client/transport-node.ts";

/** Where the recipe has the node, and on it the cluster's DNS. */
const DNS_ADDRESS = "198.18.0.2";

const resolver = new Resolver({ timeout: 500, tries: 1 });
resolver.setServers([DNS_ADDRESS]);

/** Connections to names of the cluster. */
export const clusterTransport: Transport = {
  connect(server, handlers): TransportConnection {
    let connection: TransportConnection | undefined;
    let isClosed = false;
    resolver.resolve4(server.host).then(
      ([host = server.host]) => {
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
