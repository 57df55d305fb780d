/** Addresses of peers as ZooKeeper's reports show them. */
import type { Socket } from "node:net";

/** The peer's address; an IPv4 one as such, though a socket for both families maps it to IPv6. */
export function peerAddress({ remoteAddress = "" }: Pick<Socket, "remoteAddress">): string {
  return remoteAddress.replace(/^::ffff:/u, "");
}

/** The peer's address and port, `127.0.0.1:2181` or `[::1]:2181`, from the socket itself. */
export function formatSocketAddress(socket: Socket): string {
  const address = peerAddress(socket);
  const host = address.includes(":") ? `[${address}]` : address;
  return `${host}:${String(socket.remotePort ?? 0)}`;
}
