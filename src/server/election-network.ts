/**
 * The connections of the election port (ZooKeeper 3.9 `QuorumCnxManager`): one for each pair of
 * servers, dialled by the one with the higher id; the other asks to be dialled by connecting,
 * saying who it is, and hanging up. Only the newest vote matters, so one message is kept for each
 * peer, and it is sent again on every new connection. Names are resolved at each dial.
 */
import { createConnection, createServer } from "node:net";
import type { Server, Socket } from "node:net";
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
import type { Notification } from "../wire/index.ts";
import type { Endpoint } from "./quorum-links.ts";

export interface ElectionNetworkOptions {
  readonly sid: bigint;
  /** Where this server listens. */
  readonly bind: Endpoint;
  /** How this server names its election port to others. */
  readonly address: string;
  readonly peers: ReadonlyMap<bigint, Endpoint>;
  readonly connectTimeoutMs: number;
  /** Whether the system asks silent peers for a sign of life. */
  readonly tcpKeepAlive: boolean;
  readonly logger: Logger;
  readonly received: (from: bigint, notification: Notification) => void;
}

const greetingBytesMax = 4096;

export class ElectionNetwork {
  readonly #options: ElectionNetworkOptions;
  readonly #connections = new Map<bigint, Socket>();
  readonly #dialing = new Set<bigint>();
  readonly #newest = new Map<bigint, Buffer>();
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #isClosed = false;

  constructor(options: ElectionNetworkOptions) {
    this.#options = options;
  }

  /** Listens for peers; rejects when the port cannot be had. */
  async listen(): Promise<void> {
    const options = { noDelay: true, keepAlive: this.#options.tcpKeepAlive };
    const server = createServer(options, (socket) => {
      this.#accept(socket);
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#options.bind.port, this.#options.bind.host, resolve);
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
    const { peers, sid, address, connectTimeoutMs, tcpKeepAlive } = this.#options;
    const endpoint = peers.get(to);
    if (endpoint === undefined || this.#dialing.has(to) || this.#isClosed) return;
    this.#dialing.add(to);
    const { host, port } = endpoint;
    const socket = createConnection({ host, port, noDelay: true, keepAlive: tcpKeepAlive });
    this.#track(socket);
    socket.setTimeout(connectTimeoutMs, () => socket.destroy());
    socket.once("close", () => this.#dialing.delete(to));
    socket.once("connect", () => {
      socket.setTimeout(0);
      const greeting = encodeElectionGreeting({ sid, address });
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
        this.#welcome(decoded.greeting.sid, socket, head.subarray(decoded.bytes));
      } catch (error) {
        this.#refuse(socket, error);
      }
    };
    socket.on("data", onData);
  }

  #welcome(from: bigint, socket: Socket, rest: Buffer): void {
    const { sid, peers, logger } = this.#options;
    if (from === sid || !peers.has(from)) {
      logger.warn("Refusing election connection of an unknown server", {
        sid: from,
        remote: socket.remoteAddress,
      });
      socket.destroy();
    } else if (from < sid) {
      // It has no connection (any more), and the higher id dials.
      socket.destroy();
      this.#connections.get(from)?.destroy();
      this.#connections.delete(from);
      this.#dial(from);
    } else {
      this.#connect(from, socket, rest);
    }
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
      remote: socket.remoteAddress,
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
