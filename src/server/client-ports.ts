/**
 * All ports for clients of one server: `clientPort` and `secureClientPort` of its configuration,
 * with limits on connections that hold for both together.
 */
import type { Socket } from "node:net";
import { ClientConnection } from "./client-connection.ts";
import type { ClientGate } from "./client-connection.ts";
import { ClientPort } from "./client-port.ts";
import type { ServerConfig } from "./config/index.ts";
import { ConnectionCount } from "./connection-count.ts";
import type { RateLimitedLog } from "./limits/index.ts";
import { ListenError } from "./listen-error.ts";
import type { Endpoint } from "./endpoint.ts";
import type { TlsAcceptor, TlsHandlers } from "./tls/index.ts";

export interface ClientPortsOptions {
  readonly config: ServerConfig;
  readonly complaints: RateLimitedLog;
  readonly gate: ClientGate;
  /** Takes connections up. */
  readonly added: (connection: ClientConnection) => void;
  /** The class, which is loaded only where there is TLS, with libraries of 20 MB; null without. */
  readonly tlsAcceptor: typeof TlsAcceptor | null;
}

export class ClientPorts {
  readonly #config: ServerConfig;
  readonly #gate: ClientGate;
  readonly #added: (connection: ClientConnection) => void;
  readonly #count: ConnectionCount;
  readonly #plain: ClientPort | null;
  readonly #secure: ClientPort | null;

  /** @throws ConfigError when a key store or trust store cannot be used. */
  constructor({ config, complaints, gate, added, tlsAcceptor }: ClientPortsOptions) {
    this.#config = config;
    this.#gate = gate;
    this.#added = added;
    this.#count = new ConnectionCount(config.live);
    const plain = (socket: Socket): void => {
      this.#add(socket, null);
    };
    const acceptor =
      config.tls === null || tlsAcceptor === null
        ? null
        : new tlsAcceptor(config.tls, complaints, this.#tlsHandlers());
    const tls = acceptor === null ? {} : { tls: acceptor.accept };
    const { clientPort, clientPortAddress, secureClientPort, secureClientPortAddress } = config;
    const takesBoth = config.clientPortUnification;
    this.#plain = this.#port(
      clientPort,
      clientPortAddress,
      takesBoth ? { plain, ...tls } : { plain },
    );
    this.#secure = this.#port(secureClientPort, secureClientPortAddress, tls);
  }

  /** The port in use for plain clients once listening; 0 when there is none. */
  get plainPort(): number {
    return this.#plain?.port ?? 0;
  }

  /** The port in use for clients with TLS alone once listening; 0 when there is none. */
  get securePort(): number {
    return this.#secure?.port ?? 0;
  }

  /** @throws ListenError when a port cannot be had. */
  async listen(): Promise<void> {
    for (const port of [this.#plain, this.#secure]) {
      if (port !== null) await ListenError.wrap("client", () => port.listen());
    }
  }

  /**
   * Awaits plain clients elsewhere from now on; those that are connected stay.
   *
   * @throws ListenError when the port cannot be had: then they are awaited where they were.
   */
  async move(endpoint: Endpoint): Promise<void> {
    await ListenError.wrap("client", async () => this.#plain?.move(endpoint));
  }

  close(): void {
    this.#plain?.close();
    this.#secure?.close();
  }

  #port(
    port: number | null,
    address: string | null,
    takers: Readonly<Partial<Record<"plain" | "tls", (socket: Socket) => void>>>,
  ): ClientPort | null {
    if (port === null) return null;
    const { clientPortListenBacklog: backlog, clientTcpKeepAlive: tcpKeepAlive } = this.#config;
    const { sessionlessTimeoutMs: silenceTimeoutMs } = this.#config;
    const endpoint = { host: address ?? "0.0.0.0", port };
    const admit = (socket: Socket): boolean => {
      const isAdmitted = this.#count.admit(socket);
      if (!isAdmitted) this.#gate.metrics.connectionsRejected += 1;
      return isAdmitted;
    };
    return new ClientPort(
      { endpoint, backlog, tcpKeepAlive, silenceTimeoutMs },
      { admit, ...takers },
    );
  }

  #tlsHandlers(): TlsHandlers {
    return {
      secured: this.#add,
      refused: () => {
        this.#gate.metrics.authFailures += 1;
      },
    };
  }

  /** @param subject - of the client's certificate, verified; null without one. */
  readonly #add = (socket: Socket, subject: string | null): void => {
    const { juteMaxBufferBytes, sessionlessTimeoutMs } = this.#config;
    const connection = new ClientConnection(socket, this.#gate, juteMaxBufferBytes, subject);
    socket.setTimeout(sessionlessTimeoutMs, () => {
      if (connection.isOpen) return;
      this.#gate.metrics.sessionlessExpired += 1;
      socket.destroy();
    });
    this.#added(connection);
  };
}
