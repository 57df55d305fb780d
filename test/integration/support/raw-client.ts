/**
 * One connection to a server, with nothing done behind the test's back: no reconnecting, no pings,
 * frames as the test makes them, replies in the order of their arrival, watch events among them.
 * For what a well-behaved client never does, and for seeing exactly what a server sends.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ConnectionOptions } from "node:tls";
import {
  CreateMode,
  FrameDecoder,
  JuteReader,
  JuteWriter,
  Xid,
  openAcl,
  readConnectResponse,
  writeConnectRequest,
  writeCreateRequest,
  writeReadRequest,
  writeSetDataRequest,
  writeSetWatches,
} from "../../../src/wire/index.ts";
import type { ConnectRequest, ConnectResponse, SetWatches } from "../../../src/wire/index.ts";

const FRAME_BYTES_MAX = 4 * 1024 * 1024;
const REPLY_TIMEOUT_MS = 15_000;

/** One reply or watch event. */
export interface RawReply {
  readonly xid: number;
  readonly zxid: bigint;
  readonly err: number;
  readonly body: Buffer;
}

interface Waiter {
  resolve(frame: Buffer): void;
  reject(error: Error): void;
}

/** What a ConnectRequest says when a test does not care. */
export function connectRequest(request: Partial<ConnectRequest> = {}): Buffer {
  const writer = new JuteWriter();
  writeConnectRequest(writer, {
    protocolVersion: 0,
    lastZxidSeen: 0n,
    timeoutMs: 10_000,
    sessionId: 0n,
    password: Buffer.alloc(16),
    readOnly: false,
    ...request,
  });
  return framed(writer.takeCopy());
}

/** A whole frame: length, xid, type and what `write` adds. */
export function request(
  xid: number,
  type: number,
  write: (writer: JuteWriter) => void = () => undefined,
): Buffer {
  const writer = new JuteWriter();
  writer.writeInt(xid);
  writer.writeInt(type);
  write(writer);
  return framed(writer.takeCopy());
}

/** `payload` behind its length. */
export function framed(payload: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(payload.length);
  return Buffer.concat([length, payload]);
}

export class RawClient {
  readonly #socket: Socket;
  readonly #decoder = new FrameDecoder(FRAME_BYTES_MAX);
  readonly #frames: Buffer[] = [];
  readonly #waiters: Waiter[] = [];
  #isClosed = false;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#decoder.push(chunk, (buffer, offset, end) => {
        this.#take(Buffer.from(buffer.subarray(offset, end)));
      });
    });
    // What matters to a test is that the connection ended, not with which signal of TCP.
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.#isClosed = true;
        const error = new Error("The server closed the connection");
        for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
        resolve();
      });
    });
  }

  /** Connects without saying anything. */
  static async dial(port: number, host = "127.0.0.1", timeoutMs = 0): Promise<RawClient> {
    const socket = connect({ host, port, noDelay: true });
    const client = new RawClient(socket);
    socket.setTimeout(timeoutMs, () => {
      socket.destroy(new Error(`No connection to ${host}:${port} within ${timeoutMs} ms`));
    });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    socket.setTimeout(0);
    return client;
  }

  /** Connects with TLS; rejects when the handshake fails. */
  static async dialTls(port: number, options: ConnectionOptions): Promise<RawClient> {
    const socket = connectTls({ host: "127.0.0.1", port, ...options });
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("secureConnect", resolve);
      socket.once("error", reject);
    });
    return client;
  }

  /** Connects and asks for a session; a refusal is in the response. */
  static async open(
    port: number,
    wanted: Partial<ConnectRequest> = {},
  ): Promise<{ client: RawClient; session: ConnectResponse }> {
    const client = await RawClient.dial(port);
    client.write(connectRequest(wanted));
    return { client, session: await client.connectResponse() };
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Leaves what the server sends where it is, as a client that is stuck does. */
  stopReading(): void {
    this.#socket.pause();
  }

  goOnReading(): void {
    this.#socket.resume();
  }

  /** Sends a request and waits for the next reply, which must be its own. */
  async call(xid: number, type: number, write?: (writer: JuteWriter) => void): Promise<RawReply> {
    this.write(request(xid, type, write));
    const reply = await this.next();
    if (reply.xid !== xid) throw new Error(`Reply to ${reply.xid} instead of ${xid}`);
    return reply;
  }

  async connectResponse(): Promise<ConnectResponse> {
    return readConnectResponse(new JuteReader(await this.#nextFrame()));
  }

  /** The next reply or event in order of arrival. */
  async next(): Promise<RawReply> {
    const frame = await this.#nextFrame();
    const reader = new JuteReader(frame);
    const [xid, zxid, err] = [reader.readInt(), reader.readLong(), reader.readInt()];
    return { xid, zxid, err, body: frame.subarray(16) };
  }

  /** The next `count` replies and events. */
  async take(count: number): Promise<RawReply[]> {
    const replies: RawReply[] = [];
    while (replies.length < count) replies.push(await this.next());
    return replies;
  }

  /** What has come and was not asked for yet. */
  get unreadCount(): number {
    return this.#frames.length;
  }

  /** Drops the connection; the session lives on until it expires. */
  async destroy(): Promise<void> {
    this.#socket.destroy();
    await this.closed;
  }

  #take(frame: Buffer): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#frames.push(frame);
    else waiter.resolve(frame);
  }

  async #nextFrame(): Promise<Buffer> {
    const frame = this.#frames.shift();
    if (frame !== undefined) return frame;
    if (this.#isClosed) throw new Error("The server closed the connection");
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(new Error(`No reply within ${REPLY_TIMEOUT_MS} ms`));
      }, REPLY_TIMEOUT_MS);
      const waiter = {
        resolve: (next: Buffer): void => {
          clearTimeout(timer);
          resolve(next);
        },
        reject: (error: Error): void => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#waiters.push(waiter);
    });
  }
}

/** Bodies of requests, for `request` and `RawClient.call`. */
export const body = {
  create:
    (path: string, data = "", flags: number = CreateMode.persistent) =>
    (writer: JuteWriter): void => {
      const acl = openAcl;
      const bytes = Buffer.from(data);
      writeCreateRequest(writer, { path, data: bytes, acl, flags, ttlMs: undefined });
    },
  setData:
    (path: string, data: string, version = -1) =>
    (writer: JuteWriter): void => {
      writeSetDataRequest(writer, { path, data: Buffer.from(data), version });
    },
  read:
    (path: string, watch = false) =>
    (writer: JuteWriter): void => {
      writeReadRequest(writer, { path, watch });
    },
  path:
    (path: string) =>
    (writer: JuteWriter): void => {
      writer.writeString(path);
    },
  pathVersion:
    (path: string, version = -1) =>
    (writer: JuteWriter): void => {
      writer.writeString(path);
      writer.writeInt(version);
    },
  setWatches:
    (watches: Partial<SetWatches>) =>
    (writer: JuteWriter): void => {
      const none = { dataWatches: [], existWatches: [], childWatches: [] };
      const lists = { ...none, persistentWatches: [], persistentRecursiveWatches: [] };
      writeSetWatches(writer, { relativeZxid: 0n, ...lists, ...watches }, false);
    },
};

/** The data in the reply to a getData. */
export function dataOf(reply: RawReply): string {
  return new JuteReader(reply.body).readBuffer()?.toString() ?? "";
}

/** The path in the reply to a create. */
export function pathOf(reply: RawReply): string {
  return new JuteReader(reply.body).readString() ?? "";
}

/** The names in the reply to a getChildren. */
export function childrenOf(reply: RawReply): string[] {
  const names = new JuteReader(reply.body).readVector((reader) => reader.readString() ?? "", 4);
  return (names ?? []).sort();
}

/** Type and path of a watch event; undefined for any other reply. */
export function eventOf(reply: RawReply): { type: number; path: string } | undefined {
  if (reply.xid !== Xid.notification) return undefined;
  const reader = new JuteReader(reply.body);
  const type = reader.readInt();
  reader.readInt();
  return { type, path: reader.readString() ?? "" };
}
