/**
 * The connections between learners and those they learn from: learners that connect to this server,
 * and this server's own connection to its leader, or to a follower. It moves packets and snapshot
 * bodies; what they mean is the core's business. Packets that are queued during a turn leave in one
 * write at its end.
 */
import { createConnection } from "node:net";
import type { LookupFunction, Socket } from "node:net";
import type { Logger } from "../observe/index.ts";
import { JuteWriter, WireError, writeQuorumPacket } from "../wire/index.ts";
import type { QuorumPacket } from "../wire/index.ts";
import type { LinkId } from "../zab/index.ts";
import type { Endpoint } from "./endpoint.ts";
import { LinkOutput } from "./link-output.ts";
import type { BodyPieces } from "./link-output.ts";
import { PacketStream } from "./packet-stream.ts";
import type { SnapshotTaker } from "./packet-stream.ts";
import { formatSocketAddress, peerAddress } from "./socket-address.ts";

export interface QuorumLinkHandlers {
  accepted(link: LinkId): void;
  opened(link: LinkId): void;
  closed(link: LinkId): void;
  /** Buffers in `packet` are views of a chunk that stays as it is. */
  packet(link: LinkId, packet: QuorumPacket): void;
  /** A snapshot begins, whose packet was the last: where it goes. */
  snapshot(link: LinkId, packet: QuorumPacket): SnapshotTaker;
  /** The other end has taken what waited for it; said now and then while it goes on. */
  progress(link: LinkId): void;
}

/**
 * Why a link is not read: its snapshot waits for the disk, its transactions do, or its requests
 * for the end of a hand-over.
 */
export type LinkHold = "snapshot" | "disk" | "hand-over";

export interface QuorumLinkOptions {
  readonly dataBytesMax: number;
  /** How the names of leaders become addresses. @default the system's */
  readonly lookup?: LookupFunction | undefined;
  readonly logger: Logger;
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

interface Link {
  readonly id: LinkId;
  readonly socket: Socket;
  readonly output: LinkOutput;
  readonly holds: Set<LinkHold>;
  readonly openedAtMs: number;
  progressAtMs: number;
  receivedCount: number;
  sentCount: number;
}

const connectTimeoutMs = 5000;
/** For a link that is being closed, in silence. */
const closeTimeoutMs = 1000;
/** Progress is not said more often. */
const progressEveryMs = 50;

export class QuorumLinks {
  readonly #handlers: QuorumLinkHandlers;
  readonly #dataBytesMax: number;
  readonly #lookup: LookupFunction | undefined;
  readonly #logger: Logger;
  readonly #links = new Map<LinkId, Link>();
  readonly #dirty = new Set<Link>();
  readonly #scratch = new JuteWriter(4096);
  /** Inbound links have even ids, dialled ones odd. */
  #nextInbound: LinkId = 2;

  constructor(handlers: QuorumLinkHandlers, options: QuorumLinkOptions) {
    this.#handlers = handlers;
    this.#dataBytesMax = options.dataBytesMax;
    this.#lookup = options.lookup;
    this.#logger = options.logger;
  }

  /** A learner has connected. */
  accept(socket: Socket): void {
    const id = this.#nextInbound;
    this.#nextInbound += 2;
    this.#attach(id, socket);
    this.#handlers.accepted(id);
    socket.resume();
  }

  /** The name is looked up each time: addresses may change at any moment. */
  dial(id: LinkId, { host, port }: Endpoint): void {
    const lookup = this.#lookup === undefined ? {} : { lookup: this.#lookup };
    const socket = createConnection({ host, port, noDelay: true, ...lookup });
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
      link.output.write(bytes);
      link.sentCount += 1;
      this.#dirty.add(link);
    }
  }

  /** Sends a packet and the body after it, at the pace of the link; later packets wait behind. */
  sendBody(id: LinkId, packet: QuorumPacket, body: BodyPieces): void {
    this.send([id], packet);
    this.#links.get(id)?.output.startBody(body);
  }

  has(id: LinkId): boolean {
    return this.#links.has(id);
  }

  /** Does not read a link until it is released. */
  hold(id: LinkId, reason: LinkHold): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.holds.add(reason);
    link.socket.pause();
  }

  release(id: LinkId, reason: LinkHold): void {
    const link = this.#links.get(id);
    if (link?.holds.delete(reason) === true && link.holds.size === 0) link.socket.resume();
  }

  /** Links that more waits for than so many bytes, and how much. */
  *overfull(bytesMax: number): Generator<[link: LinkId, queuedBytes: number], void, undefined> {
    for (const { id, output } of this.#links.values()) {
      const { queuedBytes } = output;
      if (queuedBytes > bytesMax) yield [id, queuedBytes];
    }
  }

  /** Undefined when the link is gone. */
  report(id: LinkId): LinkReport | undefined {
    const link = this.#links.get(id);
    if (link === undefined) return undefined;
    const { socket, output, openedAtMs, receivedCount, sentCount } = link;
    return {
      remoteAddress: formatSocketAddress(socket),
      openedAtMs,
      queuedBytes: output.queuedBytes,
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

  /** Ends a link after what is queued for it, or at once if the other end does not take it. */
  close(id: LinkId): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    const { socket, output, holds } = link;
    output.flush();
    if (socket.connecting || output.isWaiting || holds.size > 0) {
      socket.destroy();
      return;
    }
    // What the other side still sends is read: destroyed with that, the rest would not arrive.
    socket.end();
    socket.setTimeout(closeTimeoutMs, () => socket.destroy());
  }

  closeAll(): void {
    for (const link of this.#links.values()) link.socket.destroy();
  }

  flush(): void {
    for (const link of this.#dirty) link.output.flush();
    this.#dirty.clear();
  }

  #noteProgress(link: Link): void {
    const nowMs = performance.now();
    if (nowMs - link.progressAtMs < progressEveryMs) return;
    link.progressAtMs = nowMs;
    this.#handlers.progress(link.id);
  }

  #attach(id: LinkId, socket: Socket): void {
    const link: Link = {
      id,
      socket,
      output: new LinkOutput(socket, {
        progress: () => {
          this.#noteProgress(link);
        },
        failed: (error) => {
          this.#logger.warn("Closing quorum link: what was to be sent cannot be had", {
            link: id,
            reason: String(error),
          });
          socket.destroy();
        },
      }),
      holds: new Set(),
      openedAtMs: performance.now(),
      progressAtMs: 0,
      receivedCount: 0,
      sentCount: 0,
    };
    this.#links.set(id, link);
    const stream = new PacketStream(this.#dataBytesMax, {
      packet: (packet) => {
        link.receivedCount += 1;
        this.#handlers.packet(id, packet);
      },
      snapshot: (packet) => this.#handlers.snapshot(id, packet),
    });
    socket.on("data", (chunk: Buffer) => {
      try {
        stream.push(chunk);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        this.#logger.warn("Closing quorum link after bad bytes", {
          link: id,
          remote: peerAddress(socket),
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
