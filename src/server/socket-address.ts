/** Addresses of sockets as ZooKeeper's reports show them. */
import type { Socket } from "node:net";

/** The peer's address and port, `127.0.0.1:2181` or `[::1]:2181`, from the socket itself. */
export function formatSocketAddress(socket: Socket): string {
  const address = (socket.remoteAddress ?? "").replace(/^::ffff:/u, "");
  const host = address.includes(":") ? `[${address}]` : address;
  return `${host}:${String(socket.remotePort ?? 0)}`;
}
