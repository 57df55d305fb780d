/**
 * The connections of the quorum port: reliable streams, in order per direction, that end for both
 * sides sooner or later. Faults: a partition holds packets back (as TCP does, until it lets them
 * pass again or somebody gives up), a reset or a crash loses what was under way but for a random
 * prefix, and the two ends learn of a close at different times.
 */
import { randomInt } from "../../src/base/index.ts";
import type { Random } from "../../src/base/index.ts";
import type { LinkId } from "../../src/zab/index.ts";
import type { State } from "./chain.ts";
import type { Network } from "./network.ts";
import type { Scheduler } from "./scheduler.ts";

/** Where a stream ends: one life of one server. */
export interface StreamHost {
  readonly sid: bigint;
  /** A packet, with the body that follows it if it is a SNAP. */
  packetArrived(link: LinkId, bytes: Buffer, body: State | undefined): void;
  linkClosed(link: LinkId): void;
}

interface End {
  readonly host: StreamHost;
  readonly link: LinkId;
  isOpen: boolean;
}

interface Item {
  /** Undefined for the end of the stream. */
  readonly bytes: Buffer | undefined;
  /** Takes the snapshot when the sender comes to it. */
  readonly capture: (() => State) | undefined;
  body: State | undefined;
  atMs: number;
}

interface Direction {
  readonly from: End;
  readonly to: End;
  queue: Item[];
  arrivesAtMs: number;
}

interface Stream {
  readonly forth: Direction;
  readonly back: Direction;
}

/** Names one end of a stream. */
export interface EndId {
  readonly host: StreamHost;
  readonly link: LinkId;
}

export class Streams {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #network: Network;
  readonly #byHost = new Map<StreamHost, Map<LinkId, Direction>>();
  #streams: Stream[] = [];

  constructor(scheduler: Scheduler, random: Random, network: Network) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#network = network;
    network.onUnblocked(() => {
      for (const { forth, back } of this.#streams) {
        this.#deliver(forth);
        this.#deliver(back);
      }
    });
  }

  /** Connects two ends; both are open from now on. */
  open(dialler: EndId, acceptor: EndId): void {
    const one: End = { ...dialler, isOpen: true };
    const other: End = { ...acceptor, isOpen: true };
    const forth = { from: one, to: other, queue: [], arrivesAtMs: 0 };
    const back = { from: other, to: one, queue: [], arrivesAtMs: 0 };
    this.#outgoing(dialler.host).set(dialler.link, forth);
    this.#outgoing(acceptor.host).set(acceptor.link, back);
    this.#streams.push({ forth, back });
  }

  /** `capture` belongs to SNAP: the body may be taken at once or a little later. */
  send(from: EndId, bytes: Buffer, capture?: () => State): void {
    const direction = this.#byHost.get(from.host)?.get(from.link);
    if (direction?.from.isOpen !== true) return;
    const item: Item = { bytes, capture, body: undefined, atMs: 0 };
    if (capture === undefined || this.#random.next() < 0.5) {
      item.body = capture?.();
      this.#push(direction, item);
      return;
    }
    item.atMs = Infinity;
    this.#push(direction, item);
    this.#scheduler.after(randomInt(this.#random, 1, 60), () => {
      if (!direction.queue.includes(item)) return;
      item.body = capture();
      item.atMs = this.#scheduler.nowMs;
      this.#deliver(direction);
    });
  }

  /** The host closes its end. */
  close(from: EndId): void {
    const direction = this.#byHost.get(from.host)?.get(from.link);
    if (direction?.from.isOpen === true) this.#closeEnd(direction);
  }

  /** Closes all ends of a host that is no more. */
  closeAll(host: StreamHost): void {
    for (const direction of this.#byHost.get(host)?.values() ?? []) {
      if (direction.from.isOpen) this.#closeEnd(direction);
    }
    this.#byHost.delete(host);
  }

  /** Breaks one open stream, at random among those that `isMeant`. */
  resetOne(isMeant: (one: bigint, other: bigint) => boolean = () => true): void {
    const stream = this.#anyOpen(isMeant);
    if (stream === undefined) return;
    this.#end(stream.forth);
    this.#end(stream.back);
  }

  /** A learner gives up a leader at once, who hears of it when the network lets it pass. */
  giveUpOne(isMeant: (learner: bigint, leader: bigint) => boolean): void {
    const stream = this.#anyOpen(isMeant);
    if (stream === undefined) return;
    const { from: learner } = stream.forth;
    this.#closeEnd(stream.forth);
    learner.host.linkClosed(learner.link);
  }

  #anyOpen(isMeant: (dialler: bigint, acceptor: bigint) => boolean): Stream | undefined {
    const open = this.#streams.filter(
      ({ forth: { from, to } }) => from.isOpen && to.isOpen && isMeant(from.host.sid, to.host.sid),
    );
    return open[randomInt(this.#random, 0, open.length)];
  }

  #closeEnd(direction: Direction): void {
    direction.from.isOpen = false;
    this.#byHost.get(direction.from.host)?.delete(direction.from.link);
    this.#end(direction);
    this.#streams = this.#streams.filter(
      ({ forth }) => forth.from.isOpen || forth.to.isOpen || forth.queue.length > 0,
    );
  }

  /** Loses a random part of what is under way, never less than from an unfinished snapshot on. */
  #end(direction: Direction): void {
    const { queue } = direction;
    const unfinished = queue.findIndex((item) => item.atMs === Infinity);
    const countMax = unfinished < 0 ? queue.length : unfinished;
    const kept = this.#random.next() < 0.5 ? countMax : randomInt(this.#random, 0, countMax + 1);
    direction.queue = queue.slice(0, kept);
    this.#push(direction, { bytes: undefined, capture: undefined, body: undefined, atMs: 0 });
  }

  #push(direction: Direction, item: Item): void {
    if (item.atMs !== Infinity) {
      item.atMs = Math.max(direction.arrivesAtMs, this.#scheduler.nowMs + this.#network.delayMs());
      direction.arrivesAtMs = item.atMs;
      this.#scheduler.after(item.atMs - this.#scheduler.nowMs, () => this.#deliver(direction));
    }
    direction.queue.push(item);
  }

  #deliver(direction: Direction): void {
    const { from, to } = direction;
    while (direction.queue[0] !== undefined && direction.queue[0].atMs <= this.#scheduler.nowMs) {
      if (this.#network.isBlocked(from.host.sid, to.host.sid)) return;
      const item = direction.queue.shift();
      if (!to.isOpen || item === undefined) continue;
      if (item.bytes !== undefined) {
        to.host.packetArrived(to.link, item.bytes, item.body);
      } else {
        direction.queue = [];
        to.isOpen = false;
        this.#byHost.get(to.host)?.delete(to.link);
        to.host.linkClosed(to.link);
      }
    }
  }

  #outgoing(host: StreamHost): Map<LinkId, Direction> {
    let outgoing = this.#byHost.get(host);
    if (outgoing === undefined) {
      outgoing = new Map();
      this.#byHost.set(host, outgoing);
    }
    return outgoing;
  }
}
