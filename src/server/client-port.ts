/**
 * Listens for clients and keeps count of their connections, in all and by address. What happens
 * on a connection is the connection's business.
 */
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { ClientConnection } from "./client-connection.ts";
import type { ClientGate } from "./client-connection.ts";
import type { Endpoint } from "./quorum-links.ts";

export interface ClientPortOptions {
  /** Port 0 takes any free one. */
  readonly endpoint: Endpoint;
  readonly backlog: number | null;
  /** Connections from one address; 0 is unlimited. */
  readonly perAddressMax: number;
  /** Connections altogether; 0 is unlimited. */
  readonly connectionsMax: number;
  /** Silence after which a connection that has no session, or has ended it, is closed. */
  readonly sessionlessTimeoutMs: number;
  readonly frameBytesMax: number;
  /** Whether the system asks silent clients for a sign of life. */
  readonly tcpKeepAlive: boolean;
}

export class ClientPort {
  readonly #options: ClientPortOptions;
  readonly #gate: ClientGate;
  readonly #added: (connection: ClientConnection) => void;
  readonly #countByAddress = new Map<string, number>();
  #count = 0;
  #server: Server | undefined;

  constructor(
    options: ClientPortOptions,
    gate: ClientGate,
    added: (connection: ClientConnection) => void,
  ) {
    this.#options = options;
    this.#gate = gate;
    this.#added = added;
  }

  /** The port in use once listening. */
  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? this.#options.endpoint.port;
  }

  /** Rejects when the port cannot be had. */
  async listen(): Promise<void> {
    const { endpoint, backlog, tcpKeepAlive } = this.#options;
    const server = createServer({ noDelay: true, keepAlive: tcpKeepAlive }, (socket) => {
      this.#accept(socket);
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      const { host, port } = endpoint;
      server.listen({ host, port, ...(backlog === null ? {} : { backlog }) }, resolve);
    });
  }

  close(): void {
    this.#server?.close();
  }

  #accept(socket: Socket): void {
    const { perAddressMax, connectionsMax, frameBytesMax, sessionlessTimeoutMs } = this.#options;
    const address = socket.remoteAddress ?? "";
    const fromAddress = this.#countByAddress.get(address) ?? 0;
    if (
      (perAddressMax > 0 && fromAddress >= perAddressMax) ||
      (connectionsMax > 0 && this.#count >= connectionsMax)
    ) {
      this.#gate.metrics.connectionsRejected += 1;
      socket.destroy();
      return;
    }
    this.#count += 1;
    this.#countByAddress.set(address, fromAddress + 1);
    socket.once("close", () => {
      this.#count -= 1;
      const left = (this.#countByAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#countByAddress.delete(address);
      else this.#countByAddress.set(address, left);
    });
    const connection = new ClientConnection(socket, this.#gate, frameBytesMax, null);
    socket.setTimeout(sessionlessTimeoutMs, () => {
      if (connection.isOpen) return;
      this.#gate.metrics.sessionlessExpired += 1;
      socket.destroy();
    });
    this.#added(connection);
  }
}
