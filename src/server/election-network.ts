/**
 * The connections of the election port (ZooKeeper 3.9 `QuorumCnxManager`): one for each pair of
 * servers, dialled by the one with the higher id; the other asks to be dialled by connecting,
 * saying who it is, and hanging up. Only the newest vote matters, so one message is kept for each
 * peer, and it is sent again on every new connection. Names are resolved at each dial.
 */
import { createConnection, createServer } from "node:net";
import type { LookupFunction, Server, Socket } from "node:net";
import type { Logger } from "../observe/index.ts";
import {
  FrameDecoder,
  WireError,
  decodeElectionGreeting,
  decodeNotification,
  encodeElectionGreeting,
  encodeNotification,
  notificationBytesMax,
} from "../wire/index.ts";
import type { ElectionGreeting, Notification } from "../wire/index.ts";
import type { PeerOddities } from "./peer-oddities.ts";
import { listenOptions } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { peerAddress } from "./socket-address.ts";

export interface ElectionNetworkOptions {
  readonly sid: bigint;
  /** Where this server listens. */
  readonly bind: Endpoint;
  /** How this server names its election port to others. */
  readonly address: string;
  readonly peers: ReadonlyMap<bigint, Endpoint>;
  /** Whether servers that are not among `peers` may come and ask. */
  readonly takesJoiners: boolean;
  readonly connectTimeoutMs: number;
  /** Whether the system asks silent peers for a sign of life. */
  readonly tcpKeepAlive: boolean;
  /** How the names of peers become addresses. @default the system's */
  readonly lookup?: LookupFunction | undefined;
  readonly logger: Logger;
  readonly oddities: PeerOddities;
  readonly received: (from: bigint, notification: Notification) => void;
}

const greetingBytesMax = 4096;

/** Joiners that are known at a time. */
const joinersMax = 16;

export class ElectionNetwork {
  readonly #options: ElectionNetworkOptions;
  readonly #connections = new Map<bigint, Socket>();
  readonly #dialing = new Set<bigint>();
  readonly #newest = new Map<bigint, Buffer>();
  /** Where those of unknown ids that came say they can be reached; the newest last. */
  readonly #joiners = new Map<bigint, Endpoint>();
  readonly #sockets = new Set<Socket>();
  /** Where the peers of connections were dialled. */
  readonly #dialled = new Map<bigint, Endpoint>();
  #bind: Endpoint;
  /** How this server names its election port to others. */
  #address: string;
  #server: Server | undefined;
  #isClosed = false;

  constructor(options: ElectionNetworkOptions) {
    this.#options = options;
    this.#bind = options.bind;
    this.#address = options.address;
  }

  /** Listens for peers; rejects when the port cannot be had. */
  async listen(): Promise<void> {
    await this.#listen();
  }

  /**
   * Addresses have changed, this server's or those of `peers`: connections to where a peer was are
   * closed, and the next vote dials anew. Rejects when the new port cannot be had.
   */
  async move(own: Endpoint, address: string): Promise<void> {
    for (const [sid, endpoint] of this.#dialled) {
      if (isSame(this.#options.peers.get(sid) ?? endpoint, endpoint)) continue;
      this.#dialled.delete(sid);
      this.#connections.get(sid)?.destroy();
    }
    this.#address = address;
    if (isSame(own, this.#bind)) return;
    this.#bind = own;
    this.#server?.close();
    await this.#listen();
  }

  async #listen(): Promise<void> {
    const options = { noDelay: true, keepAlive: this.#options.tcpKeepAlive };
    const server = createServer(options, (socket) => {
      this.#accept(socket);
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(listenOptions(this.#bind), resolve);
    });
    server.on("error", (error) => {
      this.#options.logger.error("Election port failed", { reason: error.message });
    });
  }

  send(to: bigint, notification: Notification): void {
    const message = encodeNotification(notification);
    const frame = Buffer.allocUnsafe(4 + message.length);
    frame.writeInt32BE(message.length, 0);
    message.copy(frame, 4);
    this.#newest.set(to, frame);
    const socket = this.#connections.get(to);
    // A vote that cannot leave at once would only be outdated by the next one.
    if (socket === undefined) this.#dial(to);
    else if (socket.writableLength < notificationBytesMax) socket.write(frame);
  }

  close(): void {
    this.#isClosed = true;
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #dial(to: bigint): void {
    const { peers, sid, connectTimeoutMs, tcpKeepAlive, lookup } = this.#options;
    const endpoint = peers.get(to) ?? this.#joiners.get(to);
    if (endpoint === undefined || this.#dialing.has(to) || this.#isClosed) return;
    this.#dialing.add(to);
    this.#dialled.set(to, endpoint);
    const { host, port } = endpoint;
    const options = { host, port, noDelay: true, keepAlive: tcpKeepAlive };
    const socket = createConnection(lookup === undefined ? options : { ...options, lookup });
    this.#track(socket);
    socket.setTimeout(connectTimeoutMs, () => socket.destroy());
    socket.once("close", () => this.#dialing.delete(to));
    socket.once("connect", () => {
      socket.setTimeout(0);
      const greeting = encodeElectionGreeting({ sid, address: this.#address });
      if (to > sid) {
        // The peer with the higher id dials: this asked it to.
        socket.end(greeting);
        return;
      }
      socket.write(greeting);
      this.#dialing.delete(to);
      this.#connect(to, socket, Buffer.alloc(0));
    });
  }

  #accept(socket: Socket): void {
    this.#track(socket);
    socket.setTimeout(this.#options.connectTimeoutMs, () => socket.destroy());
    let head: Buffer = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      try {
        const decoded = decodeElectionGreeting(head);
        if (decoded === null) {
          if (head.length > greetingBytesMax) socket.destroy();
          return;
        }
        socket.off("data", onData);
        socket.setTimeout(0);
        this.#welcome(decoded.greeting, socket, head.subarray(decoded.bytes));
      } catch (error) {
        this.#refuse(socket, error);
      }
    };
    socket.on("data", onData);
  }

  #welcome(greeting: ElectionGreeting, socket: Socket, rest: Buffer): void {
    const { sid } = this.#options;
    const { sid: from } = greeting;
    const oddity = this.#oddityOf(from);
    if (oddity !== undefined) {
      this.#options.oddities.note(oddity, { sid: from, remote: peerAddress(socket) });
    }
    if (oddity !== undefined && !(oddity === "joiner" && this.#noteJoiner(greeting))) {
      socket.destroy();
      return;
    }
    if (from < sid) {
      // It has no connection (any more), and the higher id dials.
      socket.destroy();
      this.#connections.get(from)?.destroy();
      this.#connections.delete(from);
      this.#dial(from);
    } else {
      this.#connect(from, socket, rest);
    }
  }

  #oddityOf(from: bigint): "duplicate" | "stranger" | "joiner" | undefined {
    const { sid, peers, takesJoiners } = this.#options;
    if (from === sid) return "duplicate";
    if (peers.has(from)) return undefined;
    return takesJoiners && from >= 0n ? "joiner" : "stranger";
  }

  /** Remembers where a joiner can be dialled if it says so, in the place of the oldest for many. */
  #noteJoiner({ sid, address }: ElectionGreeting): boolean {
    const endpoint = parseEndpoint(address);
    if (endpoint === undefined) return false;
    this.#joiners.delete(sid);
    this.#joiners.set(sid, endpoint);
    for (const oldest of this.#joiners.keys()) {
      if (this.#joiners.size <= joinersMax) break;
      this.#joiners.delete(oldest);
      this.#newest.delete(oldest);
      this.#connections.get(oldest)?.destroy();
    }
    return true;
  }

  #connect(peer: bigint, socket: Socket, rest: Buffer): void {
    const { logger, received } = this.#options;
    this.#connections.get(peer)?.destroy();
    this.#connections.set(peer, socket);
    logger.debug("Election connection is up", { peer });
    const decoder = new FrameDecoder(notificationBytesMax);
    const handle = (buffer: Buffer, offset: number, end: number): void => {
      received(peer, decodeNotification(buffer.subarray(offset, end)));
    };
    const push = (chunk: Buffer): void => {
      try {
        decoder.push(chunk, handle);
      } catch (error) {
        this.#refuse(socket, error);
      }
    };
    socket.on("data", push);
    socket.on("close", () => {
      if (this.#connections.get(peer) === socket) this.#connections.delete(peer);
    });
    if (rest.length > 0) push(rest);
    const newest = this.#newest.get(peer);
    if (newest !== undefined) socket.write(newest);
  }

  #refuse(socket: Socket, error: unknown): void {
    if (!(error instanceof WireError)) throw error;
    this.#options.logger.warn("Closing election connection after bad bytes", {
      remote: peerAddress(socket),
      reason: error.message,
    });
    socket.destroy();
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", (error) => {
      this.#options.logger.debug("Election connection failed", { reason: error.message });
    });
    socket.on("close", () => this.#sockets.delete(socket));
  }
}

function isSame(left: Endpoint, right: Endpoint): boolean {
  return left.host === right.host && left.port === right.port;
}

/** The first of the addresses in a greeting, `host:port` with `|` between them. */
function parseEndpoint(address: string): Endpoint | undefined {
  const [, ipv6, name, port] = /^(?:\[([^\]]+)\]|([^:|]+)):(\d{1,5})(?:\||$)/u.exec(address) ?? [];
  const host = ipv6 ?? name;
  if (host === undefined || Number(port) > 65535) return undefined;
  return { host, port: Number(port) };
}
