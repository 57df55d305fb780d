/**
 * A client session one frame at a time: requests go out as the bytes that a test makes, and every
 * frame that comes back is kept as it is, in the order of arrival. It does not ping, reconnect,
 * or look into bodies; that is what the client library is for.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import {
  FrameDecoder,
  JuteReader,
  JuteWriter,
  OpCode,
  readConnectResponse,
  readReplyHeader,
  writeConnectRequest,
} from "../../../src/wire/index.ts";
import type { ConnectResponse } from "../../../src/wire/index.ts";

/** A frame that the server sent: a reply (`xid` of the request) or a notification (`xid` -1). */
export interface RawFrame {
  readonly xid: number;
  readonly zxid: bigint;
  readonly err: number;
  readonly body: Buffer;
}

/** Which session to open, and how. */
export interface RawSessionOptions {
  readonly port: number;
  readonly timeoutMs?: number;
  /** To take up a session that exists. */
  readonly resume?: Pick<ConnectResponse, "sessionId" | "password">;
}

const REPLY_TIMEOUT_MS = 15_000;
const FRAME_BYTES_MAX = 16 * 1024 * 1024;

export class RawSession {
  /** Notifications and replies, oldest first; a test may empty it. */
  readonly frames: RawFrame[] = [];
  /** What the server said when the session was opened; `timeoutMs` is 0 when it was refused. */
  readonly granted: ConnectResponse;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (frame: RawFrame | null) => void>();
  #nextXid = 1;
  #isClosed = false;

  private constructor(socket: Socket, granted: ConnectResponse) {
    this.#socket = socket;
    this.granted = granted;
  }

  /** @throws Error when the server closes the connection without an answer, or gives none. */
  static open(options: RawSessionOptions): Promise<RawSession> {
    const socket = connect({ host: "127.0.0.1", port: options.port, noDelay: true });
    return new Promise((resolve, reject) => {
      let session: RawSession | undefined;
      const decoder = new FrameDecoder(FRAME_BYTES_MAX);
      const timer = setTimeout(() => socket.destroy(new Error("no answer")), REPLY_TIMEOUT_MS);
      socket.once("connect", () => socket.write(connectFrame(options)));
      socket.once("error", reject);
      socket.on("data", (chunk) => {
        decoder.push(chunk, (buffer, start, end) => {
          const frame = Buffer.from(buffer.subarray(start, end));
          if (session !== undefined) {
            session.#receive(frame);
            return;
          }
          clearTimeout(timer);
          session = new RawSession(socket, readConnectResponse(new JuteReader(frame)));
          resolve(session);
        });
      });
      socket.once("close", () => {
        clearTimeout(timer);
        if (session !== undefined) session.#closed();
        reject(new Error(`Port ${options.port} closed the connection instead of a session`));
      });
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The xid that the next request gets; it goes to no other. */
  takeXid(): number {
    return this.#nextXid++;
  }

  /** Sends a request; resolves with its reply, or null when the server closes the connection. */
  request(type: number, body: Buffer, xid = this.takeXid()): Promise<RawFrame | null> {
    if (this.#isClosed) return Promise.resolve(null);
    const frame = Buffer.alloc(12 + body.length);
    frame.writeInt32BE(8 + body.length, 0);
    frame.writeInt32BE(xid, 4);
    frame.writeInt32BE(type, 8);
    body.copy(frame, 12);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`No reply to a request of type ${type} in ${REPLY_TIMEOUT_MS} ms`));
      }, REPLY_TIMEOUT_MS);
      this.#waiting.set(xid, (reply) => {
        clearTimeout(timer);
        resolve(reply);
      });
      this.#socket.write(frame);
    });
  }

  /** Ends the session and the connection. */
  async close(): Promise<void> {
    await this.request(OpCode.closeSession, Buffer.alloc(0));
    this.drop();
  }

  /** Drops the connection; the session lives on until its timeout. */
  drop(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    const frame = { ...readReplyHeader(new JuteReader(bytes)), body: bytes.subarray(16) };
    this.frames.push(frame);
    this.#waiting.get(frame.xid)?.(frame);
    this.#waiting.delete(frame.xid);
  }

  #closed(): void {
    this.#isClosed = true;
    for (const answer of this.#waiting.values()) answer(null);
    this.#waiting.clear();
  }
}

function connectFrame({ timeoutMs = 10_000, resume }: RawSessionOptions): Buffer {
  const writer = new JuteWriter();
  const start = writer.reserveInt();
  writeConnectRequest(writer, {
    protocolVersion: 0,
    lastZxidSeen: 0n,
    timeoutMs,
    sessionId: resume?.sessionId ?? 0n,
    password: resume?.password ?? Buffer.alloc(16),
    readOnly: false,
  });
  writer.patchLength(start);
  return writer.takeCopy();
}
