/**
 * The connections of the quorum (data) port: learners that connect to this server while it leads,
 * and this server's connection to its leader. It moves packets and snapshot bodies; what they mean
 * is the core's business. Packets that are queued during a turn leave in one write at its end.
 */
import { createConnection, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { assert } from "../base/index.ts";
import type { Logger } from "../observe/index.ts";
import { JuteWriter, WireError, writeQuorumPacket } from "../wire/index.ts";
import type { QuorumPacket, SnapshotSink } from "../wire/index.ts";
import type { LinkId } from "../zab/index.ts";
import { PacketStream, snapshotSignature } from "./packet-stream.ts";
import { formatSocketAddress } from "./socket-address.ts";

export interface QuorumLinkHandlers {
  accepted(link: LinkId): void;
  opened(link: LinkId): void;
  closed(link: LinkId): void;
  /** Buffers in `packet` are views of a chunk that stays as it is. */
  packet(link: LinkId, packet: QuorumPacket): void;
  snapshotSink(link: LinkId, packet: QuorumPacket): SnapshotSink;
}

/** A link as people are shown it. */
export interface LinkReport {
  readonly remoteAddress: string;
  /** Monotonic ms of this process. */
  readonly openedAtMs: number;
  readonly queuedBytes: number;
  readonly receivedCount: number;
  readonly sentCount: number;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

interface Link {
  readonly id: LinkId;
  readonly socket: Socket;
  readonly out: JuteWriter;
  /** A snapshot body is on its way: packets gather behind it. */
  isStreaming: boolean;
  readonly openedAtMs: number;
  receivedCount: number;
  sentCount: number;
}

const connectTimeoutMs = 5000;

export class QuorumLinks {
  readonly #handlers: QuorumLinkHandlers;
  readonly #dataBytesMax: number;
  readonly #logger: Logger;
  readonly #links = new Map<LinkId, Link>();
  readonly #dirty = new Set<Link>();
  readonly #scratch = new JuteWriter(4096);
  #server: Server | undefined;
  /** Inbound links have even ids, dialled ones odd. */
  #nextInbound: LinkId = 2;

  constructor(handlers: QuorumLinkHandlers, dataBytesMax: number, logger: Logger) {
    this.#handlers = handlers;
    this.#dataBytesMax = dataBytesMax;
    this.#logger = logger;
  }

  /** Accepts learners at `endpoint` until `stopListening`. */
  listen(endpoint: Endpoint): void {
    if (this.#server !== undefined) return;
    const server = createServer({ noDelay: true }, (socket) => {
      const id = this.#nextInbound;
      this.#nextInbound += 2;
      this.#attach(id, socket);
      this.#handlers.accepted(id);
    });
    server.on("error", (error) => {
      this.#logger.error("Cannot listen for learners", { ...endpoint, reason: error.message });
      if (this.#server === server) this.#server = undefined;
    });
    server.listen(endpoint.port, endpoint.host);
    this.#server = server;
  }

  stopListening(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  dial(id: LinkId, endpoint: Endpoint): void {
    const socket = createConnection({ host: endpoint.host, port: endpoint.port, noDelay: true });
    socket.setTimeout(connectTimeoutMs, () => socket.destroy());
    socket.once("connect", () => {
      socket.setTimeout(0);
      this.#handlers.opened(id);
    });
    this.#attach(id, socket);
  }

  /** Queues `packet` for each of `links`; it leaves with the next `flush`. */
  send(links: readonly LinkId[], packet: QuorumPacket): void {
    this.#scratch.rewind(0);
    writeQuorumPacket(this.#scratch, packet);
    const bytes = this.#scratch.peek();
    for (const id of links) {
      const link = this.#links.get(id);
      if (link === undefined) continue;
      link.out.writeRaw(bytes);
      link.sentCount += 1;
      this.#dirty.add(link);
    }
  }

  /** Sends a SNAP packet and the body after it; later packets wait behind. */
  sendSnapshot(id: LinkId, packet: QuorumPacket, chunks: Iterator<Buffer>): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    assert(!link.isStreaming, "one snapshot at a time");
    writeQuorumPacket(link.out, packet);
    link.socket.write(link.out.take());
    link.isStreaming = true;
    this.#stream(link, chunks);
  }

  /** Undefined when the link is gone. */
  report(id: LinkId): LinkReport | undefined {
    const link = this.#links.get(id);
    if (link === undefined) return undefined;
    const { socket, out, openedAtMs, receivedCount, sentCount } = link;
    return {
      remoteAddress: formatSocketAddress(socket),
      openedAtMs,
      queuedBytes: out.length + socket.writableLength,
      receivedCount,
      sentCount,
    };
  }

  /** Begins to count each link's packets anew. */
  resetCounts(): void {
    for (const link of this.#links.values()) {
      link.receivedCount = 0;
      link.sentCount = 0;
    }
  }

  close(id: LinkId): void {
    this.#links.get(id)?.socket.destroy();
  }

  closeAll(): void {
    this.stopListening();
    for (const link of this.#links.values()) link.socket.destroy();
  }

  flush(): void {
    for (const link of this.#dirty) {
      if (!link.isStreaming && link.out.length > 0) link.socket.write(link.out.take());
    }
    this.#dirty.clear();
  }

  /** Writes one chunk a turn, at the pace of the socket. */
  #stream(link: Link, chunks: Iterator<Buffer>): void {
    if (link.socket.destroyed) return;
    const next = chunks.next();
    if (next.done === true) {
      const signature = new JuteWriter(32);
      signature.writeString(snapshotSignature);
      link.socket.write(signature.take());
      link.isStreaming = false;
      if (link.out.length > 0) link.socket.write(link.out.take());
      return;
    }
    const goOn = (): void => {
      this.#stream(link, chunks);
    };
    if (link.socket.write(next.value)) setImmediate(goOn);
    else link.socket.once("drain", goOn);
  }

  #attach(id: LinkId, socket: Socket): void {
    const link: Link = {
      id,
      socket,
      out: new JuteWriter(),
      isStreaming: false,
      openedAtMs: performance.now(),
      receivedCount: 0,
      sentCount: 0,
    };
    this.#links.set(id, link);
    const stream = new PacketStream(this.#dataBytesMax, {
      packet: (packet) => {
        link.receivedCount += 1;
        this.#handlers.packet(id, packet);
      },
      snapshotSink: (packet) => this.#handlers.snapshotSink(id, packet),
    });
    socket.on("data", (chunk: Buffer) => {
      try {
        stream.push(chunk);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        this.#logger.warn("Closing quorum link after bad bytes", {
          link: id,
          remote: socket.remoteAddress,
          reason: error.message,
        });
        socket.destroy();
      }
    });
    socket.on("error", (error) => {
      this.#logger.debug("Quorum link failed", { link: id, reason: error.message });
    });
    socket.on("close", () => {
      this.#links.delete(id);
      this.#dirty.delete(link);
      this.#handlers.closed(id);
    });
  }
}
