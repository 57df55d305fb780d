/**
 * One ZooKeeper session on one socket, with as little around it as possible: open, write prepared
 * frames, get replies through a sink that is called synchronously for each. It does not reconnect,
 * ping, or keep requests; a session must be busy, or short, to live. The sink can be exchanged,
 * so that preparation uses simple requests and measuring uses a hot loop.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import {
  FrameSplitter,
  REPLY_HEADER_BYTES,
  encodeCloseSession,
  encodeConnect,
  replyErrorCode,
  replyXid,
} from "./raw-frames.ts";

/** Receives what a connection reads. */
export interface ReplySink {
  /**
   * One reply: its header and body are `[start, end)` of `chunk`, valid during the call only. See
   * {@link replyXid} and {@link replyErrorCode}; the body begins {@link REPLY_HEADER_BYTES} later.
   */
  onReply(chunk: Buffer, start: number, end: number): void;
  /** All replies that one read brought have been delivered. */
  onChunkEnd(): void;
  /** The connection is gone; nothing follows. */
  onClosed(error: Error): void;
}

/** Where and how to open a session. */
export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly sessionTimeoutMs: number;
  /** Covers the connection and the session's opening. */
  readonly openTimeoutMs: number;
}

/** A reply to {@link RawConnection.request}; the body is a copy. */
export interface RawReply {
  readonly errorCode: number;
  readonly body: Buffer;
}

const READ_BUFFER_BYTES = 64 * 1024;
const NOTIFICATION_XID_MAX = -1;
/** Requests in flight of `succeedAll`. */
const BATCH = 1000;

/** An open session. */
export class RawConnection {
  readonly #socket: Socket;
  readonly #splitter = new FrameSplitter();
  #sink: ReplySink | undefined;
  #closed = false;

  private constructor(options: ConnectionOptions, onOpen: (error?: Error) => void) {
    let opened = false;
    let failure: Error | undefined;
    const onFrame = (chunk: Buffer, start: number, end: number): void => {
      if (opened) {
        this.#deliver(chunk, start, end);
        return;
      }
      opened = true;
      // ConnectResponse: protocolVersion, timeOut (0 when refused), sessionId, passwd.
      onOpen(chunk.readInt32BE(start + 4) > 0 ? undefined : new Error("Session refused"));
    };
    this.#socket = connect({
      host: options.host,
      port: options.port,
      noDelay: true,
      onread: {
        // One buffer for all reads: what the splitter needs afterwards, it copies.
        buffer: Buffer.allocUnsafe(READ_BUFFER_BYTES),
        callback: (bytes, buffer) => {
          try {
            this.#splitter.push(Buffer.from(buffer.buffer, buffer.byteOffset, bytes), onFrame);
          } catch (error) {
            this.#socket.destroy(error as Error);
          }
          this.#sink?.onChunkEnd();
          return true;
        },
      },
    });
    this.#socket.once("connect", () => {
      this.#socket.write(encodeConnect(options.sessionTimeoutMs));
    });
    this.#socket.once("error", (error) => {
      failure = error;
    });
    this.#socket.once("close", () => {
      this.#closed = true;
      const error = failure ?? new Error(`${options.host}:${options.port} closed the connection`);
      onOpen(error);
      this.#sink?.onClosed(error);
    });
  }

  /** Opens a session. @throws Error when refused, closed, or not open in `openTimeoutMs`. */
  static open(options: ConnectionOptions): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        connection.destroy();
        reject(new Error(`No session at ${options.host}:${options.port} in time`));
      }, options.openTimeoutMs);
      const connection = new RawConnection(options, (error) => {
        clearTimeout(timer);
        if (error === undefined) {
          resolve(connection);
        } else {
          connection.destroy();
          reject(error);
        }
      });
    });
  }

  /** Sends replies to `sink` from now on. */
  setSink(sink: ReplySink): void {
    this.#sink = sink;
  }

  /** Writes complete frames; `frames` must not change until it has been sent. */
  write(frames: Buffer): void {
    this.#socket.write(frames);
  }

  /** Sends `frames` (each one request) in one write and resolves with their replies, in order. */
  requestAll(frames: readonly Buffer[]): Promise<RawReply[]> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new Error("Cannot send: the connection is closed"));
        return;
      }
      const replies: RawReply[] = [];
      this.#sink = {
        onReply: (chunk, start, end) => {
          const body = Buffer.from(chunk.subarray(start + REPLY_HEADER_BYTES, end));
          replies.push({ errorCode: replyErrorCode(chunk, start), body });
          if (replies.length === frames.length) {
            this.#sink = undefined;
            resolve(replies);
          }
        },
        onChunkEnd: () => undefined,
        onClosed: reject,
      };
      this.write(Buffer.concat(frames));
    });
  }

  /** Sends `count` requests, a thousand at a time. @throws Error when one of them fails. */
  async succeedAll(count: number, frameOf: (index: number) => Buffer): Promise<void> {
    for (let from = 0; from < count; from += BATCH) {
      const length = Math.min(BATCH, count - from);
      const frames = Array.from({ length }, (_, offset) => frameOf(from + offset));
      const failed = (await this.requestAll(frames)).find(({ errorCode }) => errorCode !== 0);
      if (failed !== undefined) throw new Error(`A request failed with ${failed.errorCode}`);
    }
  }

  /** Sends one request and resolves with its reply. */
  async request(frame: Buffer): Promise<RawReply> {
    const [reply] = await this.requestAll([frame]);
    return reply as RawReply;
  }

  /** Closes the session politely, so that the server forgets it now and not at its timeout. */
  async close(): Promise<void> {
    if (!this.#closed) {
      await this.request(encodeCloseSession(0x7fffffff));
      this.destroy();
    }
  }

  /** Drops the connection; the session stays until its timeout. */
  destroy(): void {
    this.#socket.destroy();
  }

  #deliver(chunk: Buffer, start: number, end: number): void {
    if (replyXid(chunk, start) > NOTIFICATION_XID_MAX) {
      this.#sink?.onReply(chunk, start, end);
    }
  }
}
