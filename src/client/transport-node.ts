/**
 * The client's transport over TCP, by Node's sockets. Names are resolved at every attempt, so that
 * a server may come back under another address. Small writes leave at once (no Nagle delay).
 */
import { connect } from "node:net";
import type { ServerAddress } from "./connect-string.ts";
import type { Transport, TransportConnection, TransportHandlers } from "./transport.ts";

/** How long a closed connection may take to send what is left before it is cut. */
const closeMsMax = 1000;

/** Plain TCP connections. */
export const nodeTransport: Transport = {
  connect(server: ServerAddress, handlers: TransportHandlers): TransportConnection {
    const socket = connect({ host: server.host, port: server.port, noDelay: true });
    let isDone = false;
    let cause: Error | null = null;
    socket.on("connect", () => {
      if (!isDone) handlers.opened();
    });
    socket.on("data", (chunk: Buffer) => {
      if (!isDone) handlers.received(chunk);
    });
    socket.on("error", (error) => {
      cause = error;
    });
    socket.on("close", () => {
      if (isDone) return;
      isDone = true;
      handlers.closed(cause);
    });
    return {
      send(bytes: Buffer): void {
        if (!isDone) socket.write(bytes);
      },
      close(): void {
        if (isDone) return;
        isDone = true;
        if (socket.connecting) {
          socket.destroy();
          return;
        }
        socket.end();
        socket.setTimeout(closeMsMax, () => socket.destroy());
      },
    };
  },
};
