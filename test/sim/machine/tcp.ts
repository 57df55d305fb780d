/**
 * The network between simulated machines: reliable streams, in order for each direction, that end
 * for both sides sooner or later. Faults: a partition holds back what is under way, as TCP does
 * until somebody gives up; a connection that is reset loses a part of it; a machine that lost its
 * power says nothing, and its peers learn of it only by talking to its next life.
 */
import { randomInt } from "../../../src/base/index.ts";
import type { Random } from "../../../src/base/index.ts";
import type { Scheduler } from "../scheduler.ts";
import type { Process } from "./process.ts";

/** What a stream tells the program at its end; each in a turn of the program. */
export interface StreamEnd {
  readonly process: Process;
  connected(): void;
  received(bytes: Buffer): void;
  /** The other side sends no more. */
  ended(): void;
  /** The stream is no more; `code` says why when it was not by an orderly end. */
  closed(code: string | undefined): void;
  /** What was written has left. */
  drained(): void;
}

/** Who takes connections up. */
export interface Acceptor {
  readonly process: Process;
  accept(port: Port): StreamEnd;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** How long messages take, in ms. */
export interface NetworkTimes {
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  /** Chance that one takes `spikeMs` longer; later ones of its stream wait behind it. */
  readonly spikeChance: number;
  readonly spikeMs: number;
}

interface Segment {
  /** Undefined for the end of the direction. */
  readonly bytes: Buffer | undefined;
  atMs: number;
}

/** Bytes under way above which a writer has to keep what it writes. */
const windowBytes = 64 * 1024;

/** How long a program waits at most for an answer to a dial, without its own limit. */
const dialTimeoutMs = 20_000;
/** How often an unanswered dial is repeated. */
const dialAgainMs = 300;

/** One direction of a stream. */
class Direction {
  queue: Segment[] = [];
  bytesUnderWay = 0;
  arrivesAtMs = 0;
  isEnded = false;
  needsDrain = false;
}

/** A side of a stream, as its program uses it. */
export class Port {
  readonly local: Address;
  readonly remote: Address;
  readonly #network: Tcp;
  readonly #out = new Direction();
  #end: StreamEnd | undefined;
  #peer: Port | undefined;
  #isOpen = true;
  #isPaused = false;
  /** The machine has lost its power: nobody closed this side. */
  #isForgotten = false;

  constructor(network: Tcp, local: Address, remote: Address) {
    this.#network = network;
    this.local = local;
    this.remote = remote;
  }

  /** Bytes that have not left the program. */
  get writableLength(): number {
    return Math.max(0, this.#out.bytesUnderWay - windowBytes);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether all that was written has come to the other side, its end included. */
  get isDelivered(): boolean {
    return this.#out.queue.length === 0;
  }

  /** To be called once: whose side this is. */
  ownedBy(process: Process): void {
    process.whenOver(() => this.#processOver());
  }

  /** The program takes it up: what has come may be handed to it. */
  attach(end: StreamEnd): void {
    this.#end = end;
    this.#peer?.deliver();
  }

  join(peer: Port): void {
    this.#peer = peer;
    peer.#peer = this;
  }

  write(bytes: Buffer): void {
    const direction = this.#out;
    if (!this.#isOpen || direction.isEnded || bytes.length === 0) return;
    direction.bytesUnderWay += bytes.length;
    if (this.writableLength > 0) direction.needsDrain = true;
    this.#push(bytes);
  }

  /** Sends what is left and then no more. */
  finish(): void {
    if (!this.#isOpen || this.#out.isEnded) return;
    this.#out.isEnded = true;
    this.#push(undefined);
  }

  /** Closes this side; the other one learns of it behind all or a part of what was sent. */
  destroy(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#network.forget(this);
    if (!this.#out.isEnded) {
      this.#out.isEnded = true;
      this.#loseSome();
      this.#push(undefined);
      this.#network.linger(this);
    }
    this.#peer?.deliver();
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!isPaused) this.#peer?.deliver();
  }

  /** The connection breaks, for both. */
  reset(): void {
    const peer = this.#peer;
    for (const side of [this, peer]) {
      if (side === undefined || !side.#isOpen) continue;
      side.#loseSome();
      // What is written from now on is lost, too: a stream has no holes.
      side.#out.isEnded = true;
      side.#fail("ECONNRESET", this.#network.delayMs());
    }
  }

  /** This side's system gives up on the other one, which does not hear of it. */
  giveUp(): void {
    this.#fail("ETIMEDOUT", this.#network.delayMs());
  }

  /** Gives the other side what has arrived. */
  deliver(): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    const { queue } = this.#out;
    while (queue[0] !== undefined && queue[0].atMs <= this.#network.nowMs) {
      if (this.#network.isBlocked(this.local.host, this.remote.host)) return;
      if (peer.#isForgotten && !this.#network.isUp(peer.local.host)) return;
      if (!peer.#isOpen) {
        this.#answerOfNobody(peer);
        return;
      }
      if (peer.#isPaused || peer.#end === undefined) return;
      this.#handOver(peer, peer.#end, queue.shift()!);
    }
  }

  #handOver(peer: Port, end: StreamEnd, { bytes }: Segment): void {
    if (bytes === undefined) {
      end.process.enter(() => {
        end.ended();
        peer.finish();
      });
      if (this.#out.isEnded && peer.#out.isEnded) peer.#fail(undefined, 0);
      return;
    }
    for (const piece of this.#network.pieces(bytes)) {
      end.process.enter(() => {
        if (peer.#isOpen) end.received(piece);
      });
    }
    this.#taken(bytes.length);
  }

  #taken(count: number): void {
    const direction = this.#out;
    direction.bytesUnderWay -= count;
    if (!direction.needsDrain || this.writableLength > 0) return;
    direction.needsDrain = false;
    const end = this.#end;
    this.#network.after(0, () => {
      end?.process.enter(() => {
        if (this.#isOpen) end.drained();
      });
    });
  }

  /** Bytes came to a machine that knows nothing of the stream. */
  #answerOfNobody(peer: Port): void {
    const isEnd = this.#out.queue.every(({ bytes }) => bytes === undefined);
    this.#out.queue = [];
    if (!this.#isOpen) return;
    this.#fail(isEnd && !peer.#isForgotten ? undefined : "ECONNRESET", this.#network.delayMs());
  }

  #fail(code: string | undefined, delayMs: number): void {
    this.#network.after(delayMs, () => {
      if (!this.#isOpen) return;
      this.#isOpen = false;
      this.#network.forget(this);
      this.#out.isEnded = true;
      this.#end?.process.enter(() => this.#end?.closed(code));
    });
  }

  #processOver(): void {
    if (!this.#isOpen) return;
    if (this.#network.isUp(this.local.host)) {
      this.destroy();
      return;
    }
    this.#isOpen = false;
    this.#isForgotten = true;
    this.#network.forget(this);
    this.#loseSome();
  }

  #loseSome(): void {
    const { queue } = this.#out;
    if (queue.length === 0 || this.#network.random.next() < 0.5) return;
    this.#out.queue = queue.slice(0, randomInt(this.#network.random, 0, queue.length));
  }

  #push(bytes: Buffer | undefined): void {
    const direction = this.#out;
    const atMs = Math.max(direction.arrivesAtMs, this.#network.nowMs + this.#network.delayMs());
    direction.arrivesAtMs = atMs;
    direction.queue.push({ bytes, atMs });
    this.#network.after(atMs - this.#network.nowMs, () => this.deliver());
  }
}

export class Tcp {
  readonly random: Random;
  readonly #scheduler: Scheduler;
  readonly #times: NetworkTimes;
  readonly #acceptors = new Map<string, Acceptor>();
  readonly #ports = new Set<Port>();
  /** Sides that were closed while something was under way from them. */
  readonly #lingering = new Set<Port>();
  /** Directions that let nothing pass, as `from>to`, with how many partitions say so. */
  readonly #blocks = new Map<string, number>();
  readonly #down = new Set<string>();
  #nextPort = 40_000;
  /** No spikes any more: the network is as good as it gets. */
  isCalm = false;

  constructor(scheduler: Scheduler, random: Random, times: NetworkTimes) {
    this.#scheduler = scheduler;
    this.random = random;
    this.#times = times;
  }

  get nowMs(): number {
    return this.#scheduler.nowMs;
  }

  after(delayMs: number, action: () => void): void {
    this.#scheduler.after(delayMs, action);
  }

  delayMs(): number {
    const { delayMinMs, delayMaxMs, spikeChance, spikeMs } = this.#times;
    const delayMs = randomInt(this.random, delayMinMs, delayMaxMs + 1);
    return !this.isCalm && this.random.next() < spikeChance ? delayMs + spikeMs : delayMs;
  }

  /** Listens at an address; false when somebody else does. */
  listen({ host, port }: Address, acceptor: Acceptor): boolean {
    const key = `${host}:${port}`;
    if (this.#acceptors.has(key)) return false;
    this.#acceptors.set(key, acceptor);
    acceptor.process.whenOver(() => this.stopListening({ host, port }, acceptor));
    return true;
  }

  stopListening({ host, port }: Address, acceptor: Acceptor): void {
    const key = `${host}:${port}`;
    if (this.#acceptors.get(key) === acceptor) this.#acceptors.delete(key);
  }

  /** Connects the program's `end`; the outcome comes to it later. */
  dial(to: Address, end: StreamEnd): Port {
    const local = { host: end.process.machine, port: this.#nextPort++ };
    const port = new Port(this, local, to);
    port.ownedBy(end.process);
    port.attach(end);
    this.after(this.delayMs(), () => this.#knock(port, end, this.nowMs + dialTimeoutMs));
    return port;
  }

  /** The machines that have an open stream, of those that are meant. */
  hosts(isMeant: (host: string) => boolean): Set<string> {
    return new Set([...this.#ports].map(({ local }) => local.host).filter(isMeant));
  }

  isUp(host: string): boolean {
    return !this.#down.has(host);
  }

  setUp(host: string, isUp: boolean): void {
    if (isUp) this.#down.delete(host);
    else this.#down.add(host);
    this.#deliverAll();
  }

  isBlocked(from: string, to: string): boolean {
    return this.#blocks.has(`${from}>${to}`);
  }

  /** Blocks one direction until the returned function is called. */
  block(from: string, to: string): () => void {
    const key = `${from}>${to}`;
    this.#blocks.set(key, (this.#blocks.get(key) ?? 0) + 1);
    return () => {
      const count = this.#blocks.get(key) ?? 0;
      if (count > 1) this.#blocks.set(key, count - 1);
      else if (this.#blocks.delete(key)) this.#deliverAll();
    };
  }

  unblockAll(): void {
    this.#blocks.clear();
    this.#deliverAll();
  }

  /** Breaks one open stream, at random among those that `isMeant`. */
  resetOne(isMeant: (from: Address, to: Address) => boolean): void {
    const open = [...this.#ports].filter(({ local, remote }) => isMeant(local, remote));
    open[randomInt(this.random, 0, open.length)]?.reset();
  }

  /** One machine gives up all its streams to another, which it cannot reach. */
  giveUp(from: string, to: string): void {
    for (const port of this.#ports) {
      if (port.local.host === from && port.remote.host === to) port.giveUp();
    }
  }

  /** Streams keep no borders between what was written: sometimes they show it. */
  pieces(bytes: Buffer): readonly Buffer[] {
    if (bytes.length < 2 || this.random.next() >= 0.02) return [bytes];
    const at = randomInt(this.random, 1, bytes.length);
    return [bytes.subarray(0, at), bytes.subarray(at)];
  }

  forget(port: Port): void {
    this.#ports.delete(port);
  }

  /** What is under way from a side that was closed arrives all the same, after a partition as well. */
  linger(port: Port): void {
    this.#lingering.add(port);
  }

  #knock(port: Port, end: StreamEnd, untilMs: number): void {
    if (!port.isOpen) return;
    const { local, remote } = port;
    const isSilent =
      this.isBlocked(local.host, remote.host) ||
      this.isBlocked(remote.host, local.host) ||
      !this.isUp(remote.host);
    if (isSilent && this.nowMs < untilMs) {
      this.after(dialAgainMs, () => this.#knock(port, end, untilMs));
      return;
    }
    const acceptor = isSilent ? undefined : this.#acceptors.get(`${remote.host}:${remote.port}`);
    if (acceptor === undefined) {
      const code = isSilent ? "ETIMEDOUT" : "ECONNREFUSED";
      this.after(this.delayMs(), () => {
        if (!port.isOpen) return;
        port.destroy();
        end.process.enter(() => end.closed(code));
      });
      return;
    }
    this.#connect(port, end, acceptor);
  }

  #connect(port: Port, end: StreamEnd, acceptor: Acceptor): void {
    const other = new Port(this, port.remote, port.local);
    this.#ports.add(port).add(other);
    port.join(other);
    other.ownedBy(acceptor.process);
    acceptor.process.enter(() => other.attach(acceptor.accept(other)));
    this.after(this.delayMs(), () => {
      end.process.enter(() => {
        if (port.isOpen) end.connected();
      });
    });
  }

  #deliverAll(): void {
    for (const port of [...this.#ports, ...this.#lingering]) port.deliver();
    for (const port of this.#lingering) if (port.isDelivered) this.#lingering.delete(port);
  }
}
