/**
 * Finds TCP ports on loopback that are free now. A port is found by listening on port 0 and
 * closing again, so another process could take it before it is used: good enough for tests, which
 * must name a port in a configuration file before the server that listens on it starts.
 */
import { createServer } from "node:net";
import type { Server } from "node:net";

/** Returns `count` different ports that nobody listens on at 127.0.0.1. */
export async function findFreePorts(count: number): Promise<number[]> {
  // All stay open until the last is found: otherwise the kernel may hand the same one out twice.
  const listeners = await Promise.all(Array.from({ length: count }, () => listen()));
  const ports = listeners.map((listener) => {
    const address = listener.address();
    if (address === null || typeof address === "string") {
      throw new Error(`Cannot find a free port: listener address is ${String(address)}`);
    }
    return address.port;
  });
  await Promise.all(listeners.map((listener) => close(listener)));
  return ports;
}

function listen(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      resolve(server);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
