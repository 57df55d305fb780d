/**
 * What is to be sent on one link of the quorum port: packets, and bodies that are streamed at the
 * pace of the socket, with the packets behind them waiting. Little more than a piece is given to
 * the socket before it has taken the last one, so that it shows soon whether the other end takes
 * anything, and what waits is counted here. How much may wait is the business of whoever looks.
 */
import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { Fifo, assert } from "../base/index.ts";
import { JuteWriter } from "../wire/index.ts";

/** A body in pieces; it is told to end when it is not wanted any more. */
export type BodyPieces = Iterable<Buffer> | AsyncIterable<Buffer>;

/** Given to the socket at a time, unless a piece of a body is larger. */
const pieceBytes = 256 * 1024;

export interface LinkOutputHandlers {
  /** The other end has taken what it had left waiting, or a piece of a body. */
  progress(): void;
  /** The body in progress cannot be finished. */
  failed(error: unknown): void;
}

export class LinkOutput {
  readonly #socket: Socket;
  readonly #handlers: LinkOutputHandlers;
  /** What was written last. */
  readonly #writer = new JuteWriter();
  /** Full pieces before it. */
  readonly #pieces = new Fifo<Buffer>();
  #piecesBytes = 0;
  /** A body is on its way: packets gather behind it. */
  #isStreaming = false;
  /** The socket has not taken what it was given. */
  #isBlocked = false;
  #unblocked: (() => void) | undefined;

  constructor(socket: Socket, handlers: LinkOutputHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    socket.on("drain", () => {
      this.#isBlocked = false;
      handlers.progress();
      this.#unblocked?.();
      this.flush();
    });
    socket.on("close", () => this.#unblocked?.());
  }

  /** Whether something waits that the socket has not been given: a body, or more than it takes. */
  get isWaiting(): boolean {
    return this.#isStreaming || this.#piecesBytes + this.#writer.length > 0;
  }

  /** Bytes that wait, here and in the socket. */
  get queuedBytes(): number {
    return this.#piecesBytes + this.#writer.length + this.#socket.writableLength;
  }

  /** Puts bytes at the end; they leave with `flush`. */
  write(bytes: Buffer): void {
    this.#writer.writeRaw(bytes);
    if (this.#writer.length >= pieceBytes) this.#cut();
  }

  /** Sends what has been written, then `body`; what is written from now on comes behind it. */
  startBody(body: BodyPieces): void {
    assert(!this.#isStreaming, "one body at a time");
    this.#cut();
    for (let piece = this.#pieces.shift(); piece !== undefined; piece = this.#pieces.shift()) {
      this.#give(piece);
    }
    this.#piecesBytes = 0;
    this.#isStreaming = true;
    void this.#stream(body);
  }

  /** Sends what the socket takes. */
  flush(): void {
    if (this.#isStreaming || this.#socket.destroyed) return;
    while (!this.#isBlocked) {
      const piece = this.#pieces.shift();
      if (piece === undefined) break;
      this.#piecesBytes -= piece.length;
      this.#give(piece);
    }
    if (!this.#isBlocked && this.#writer.length > 0) this.#give(this.#writer.take());
  }

  /** Never rejects. */
  async #stream(body: BodyPieces): Promise<void> {
    try {
      for await (const piece of body) {
        if (this.#socket.destroyed) return;
        this.#give(piece);
        if (this.#isBlocked) await this.#whenUnblocked();
        else await turn();
        this.#handlers.progress();
      }
    } catch (error) {
      this.#handlers.failed(error);
      return;
    }
    this.#isStreaming = false;
    this.flush();
  }

  #cut(): void {
    if (this.#writer.length === 0) return;
    const piece = this.#writer.take();
    this.#pieces.push(piece);
    this.#piecesBytes += piece.length;
  }

  #give(bytes: Buffer): void {
    this.#isBlocked = !this.#socket.write(bytes);
  }

  /** Resolves when the socket has taken what it was given, or is gone. */
  #whenUnblocked(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed) resolve();
      else this.#unblocked = resolve;
    });
  }
}
