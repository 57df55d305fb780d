/**
 * In the place of `node:net` for simulated processes: sockets and servers with Node's events, on
 * the streams of `tcp.ts`. The part of Node's that the server uses.
 */
import { EventEmitter } from "node:events";
import { systemError } from "./disk.ts";
import { currentProcess } from "./process.ts";
import type { Process } from "./process.ts";
import type { Acceptor, Address, Port, StreamEnd, Tcp } from "./tcp.ts";

/** The network of each process that has one. */
const networks = new WeakMap<Process, Tcp>();

/** Gives a process its network. */
export function attachNetwork(process: Process, network: Tcp): void {
  networks.set(process, network);
}

function networkOf(process: Process): Tcp {
  const network = networks.get(process);
  if (network === undefined) throw new Error("This process has no network");
  return network;
}

/** Bytes kept by the program above which `write` asks for a pause. */
const highWaterMark = 16 * 1024;

export class Socket extends EventEmitter implements StreamEnd {
  readonly process: Process;
  destroyed = false;
  bytesRead = 0;
  bytesWritten = 0;
  #port: Port | undefined;
  #isPaused = false;
  #lastActiveMs = 0;
  #timeoutMs = 0;

  constructor(process: Process) {
    super();
    this.process = process;
  }

  get remoteAddress(): string | undefined {
    return this.#port?.remote.host;
  }

  get remotePort(): number | undefined {
    return this.#port?.remote.port;
  }

  get remoteFamily(): string {
    return "IPv4";
  }

  get localAddress(): string | undefined {
    return this.#port?.local.host;
  }

  get localPort(): number | undefined {
    return this.#port?.local.port;
  }

  get writableLength(): number {
    return this.#port?.writableLength ?? 0;
  }

  /** @internal */
  use(port: Port): void {
    this.#port = port;
  }

  write(bytes: Buffer): boolean {
    if (this.destroyed || this.#port === undefined) return false;
    this.bytesWritten += bytes.length;
    this.#lastActiveMs = this.#nowMs;
    // What is written belongs to the socket: its writer makes no second use of the bytes.
    this.#port.write(bytes);
    return this.#port.writableLength < highWaterMark;
  }

  end(bytes?: Buffer): this {
    if (bytes !== undefined) this.write(bytes);
    this.#port?.finish();
    return this;
  }

  destroy(error?: Error): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.#port?.destroy();
    this.process.later(0, () => {
      if (error !== undefined) this.emit("error", error);
      this.emit("close", error !== undefined);
    });
    return this;
  }

  pause(): this {
    this.#isPaused = true;
    this.#port?.setPaused(true);
    return this;
  }

  resume(): this {
    if (!this.#isPaused) return this;
    this.#isPaused = false;
    this.process.later(0, () => this.#port?.setPaused(this.#isPaused));
    return this;
  }

  setTimeout(timeoutMs: number, callback?: () => void): this {
    this.#timeoutMs = timeoutMs;
    this.#lastActiveMs = this.#nowMs;
    if (callback !== undefined) {
      if (timeoutMs === 0) this.off("timeout", callback);
      else this.once("timeout", callback);
    }
    if (timeoutMs > 0) this.#watchSilence(timeoutMs, timeoutMs);
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  connected(): void {
    this.#lastActiveMs = this.#nowMs;
    this.emit("connect");
  }

  received(bytes: Buffer): void {
    if (this.destroyed) return;
    this.bytesRead += bytes.length;
    this.#lastActiveMs = this.#nowMs;
    this.emit("data", bytes);
  }

  ended(): void {
    if (!this.destroyed) this.emit("end");
  }

  closed(code: string | undefined): void {
    if (this.destroyed) return;
    this.destroyed = true;
    if (code !== undefined) this.emit("error", systemError(code, "socket", "a peer"));
    this.emit("close", code !== undefined);
  }

  drained(): void {
    if (!this.destroyed) this.emit("drain");
  }

  get #nowMs(): number {
    return this.process.host.scheduler.nowMs;
  }

  #watchSilence(timeoutMs: number, waitMs: number): void {
    this.process.later(waitMs, () => {
      if (this.destroyed || this.#timeoutMs !== timeoutMs) return;
      const leftMs = this.#lastActiveMs + timeoutMs - this.#nowMs;
      if (leftMs > 0) this.#watchSilence(timeoutMs, leftMs);
      else this.emit("timeout");
    });
  }
}

export class Server extends EventEmitter implements Acceptor {
  readonly process = currentProcess();
  readonly #pausesOnConnect: boolean;
  #address: Address | undefined;

  constructor(options: { readonly pauseOnConnect?: boolean } = {}) {
    super();
    this.#pausesOnConnect = options.pauseOnConnect === true;
  }

  /** Listens, given Node's `(port, host, done)` or `({ port, host }, done)`. */
  listen(...parameters: unknown[]): this {
    const [first, second] = parameters;
    const { host, port } =
      typeof first === "object"
        ? (first as Partial<Address>)
        : { port: first as number, host: second as string };
    const done = parameters.find((parameter) => typeof parameter === "function");
    const isAnywhere = host === undefined || host === "0.0.0.0" || host === "::";
    const address = { host: isAnywhere ? this.process.machine : host, port: port ?? 0 };
    const isFree = networkOf(this.process).listen(address, this);
    if (isFree) this.#address = address;
    this.process.later(0, () => {
      if (!isFree) this.emit("error", systemError("EADDRINUSE", "listen", String(address.port)));
      else (done as (() => void) | undefined)?.();
    });
    return this;
  }

  close(done?: () => void): this {
    if (this.#address !== undefined) networkOf(this.process).stopListening(this.#address, this);
    this.#address = undefined;
    if (done !== undefined) this.process.later(0, done);
    return this;
  }

  address(): { address: string; port: number; family: string } | null {
    if (this.#address === undefined) return null;
    return { address: this.#address.host, port: this.#address.port, family: "IPv4" };
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  accept(port: Port): StreamEnd {
    const socket = new Socket(this.process);
    socket.use(port);
    if (this.#pausesOnConnect) socket.pause();
    this.emit("connection", socket);
    return socket;
  }
}

export function createServer(options: unknown, listener?: (socket: Socket) => void): Server {
  const isGiven = typeof options === "object" && options !== null;
  const server = new Server(isGiven ? options : {});
  const taker = typeof options === "function" ? options : listener;
  if (taker !== undefined) server.on("connection", taker as (socket: Socket) => void);
  return server;
}

export function createConnection(to: Address, whenConnected?: () => void): Socket {
  const process = currentProcess();
  const socket = new Socket(process);
  if (whenConnected !== undefined) socket.once("connect", whenConnected);
  socket.use(networkOf(process).dial({ host: to.host, port: to.port }, socket));
  return socket;
}

export function isIP(text: string): number {
  return /^\d+\.\d+\.\d+\.\d+$/.test(text) ? 4 : text.includes(":") ? 6 : 0;
}

const net = { Server, Socket, createConnection, createServer, isIP };

export { net as default };
