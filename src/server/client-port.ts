/**
 * One port for clients: plain, with TLS, or both. What happens on a connection is the
 * connection's business, and what a handshake takes is that of the TLS folder.
 */
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { listenOptions } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";

export interface ClientPortOptions {
  /** Port 0 takes any free one. */
  readonly endpoint: Endpoint;
  readonly backlog: number | null;
  /** Whether the system asks silent clients for a sign of life. */
  readonly tcpKeepAlive: boolean;
  /** Silence after which a connection that has not said a word is closed. */
  readonly silenceTimeoutMs: number;
}

/** Where accepted sockets go; one that nobody takes is refused. */
export interface ClientPortHandlers {
  /** Whether there is room for another connection. */
  admit(socket: Socket): boolean;
  /** A client that speaks plainly; absent where TLS is a must. */
  readonly plain?: (socket: Socket) => void;
  /** A client that begins a TLS handshake; absent where there is no TLS. */
  readonly tls?: (socket: Socket) => void;
}

/** What a TLS connection begins with: a handshake record. No frame and no word begins so. */
const tlsHandshakeByte = 0x16;

export class ClientPort {
  readonly #options: ClientPortOptions;
  readonly #handlers: ClientPortHandlers;
  #server: Server | undefined;
  #endpoint: Endpoint;

  constructor(options: ClientPortOptions, handlers: ClientPortHandlers) {
    this.#options = options;
    this.#endpoint = options.endpoint;
    this.#handlers = handlers;
  }

  /** The port in use once listening. */
  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? this.#endpoint.port;
  }

  /** Rejects when the port cannot be had. */
  async listen(): Promise<void> {
    await this.#listen(this.#endpoint);
  }

  /**
   * Listens elsewhere from now on; clients that are connected stay. Rejects when the port cannot be
   * had, and then goes on where it was.
   */
  async move(endpoint: Endpoint): Promise<void> {
    const before = this.#endpoint;
    if (endpoint.host === before.host && endpoint.port === before.port) return;
    this.#server?.close();
    this.#endpoint = endpoint;
    try {
      await this.#listen(endpoint);
    } catch (error) {
      this.#endpoint = before;
      await this.#listen(before);
      throw error;
    }
  }

  async #listen(endpoint: Endpoint): Promise<void> {
    const { backlog, tcpKeepAlive } = this.#options;
    const server = createServer({ noDelay: true, keepAlive: tcpKeepAlive }, (socket) => {
      this.#accept(socket);
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      const limit = backlog === null ? {} : { backlog };
      server.listen({ ...listenOptions(endpoint), ...limit }, resolve);
    });
  }

  close(): void {
    this.#server?.close();
  }

  #accept(socket: Socket): void {
    const { plain, tls } = this.#handlers;
    if (!this.#handlers.admit(socket)) socket.destroy();
    else if (plain !== undefined && tls !== undefined) this.#peek(socket, plain, tls);
    else (plain ?? tls)?.(socket);
  }

  /** Lets the first byte decide between plain and TLS. */
  #peek(socket: Socket, plain: (socket: Socket) => void, tls: (socket: Socket) => void): void {
    const destroy = (): void => {
      socket.destroy();
    };
    socket.on("error", destroy);
    socket.setTimeout(this.#options.silenceTimeoutMs, destroy);
    socket.once("data", (chunk: Buffer) => {
      socket.setTimeout(0, destroy);
      socket.pause();
      socket.unshift(chunk);
      if (chunk[0] === tlsHandshakeByte) {
        tls(socket);
      } else {
        plain(socket);
        socket.resume();
      }
    });
  }
}
