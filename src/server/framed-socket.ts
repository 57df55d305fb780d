/**
 * A client's socket as a stream of frames in both directions, with limits on what is kept for it:
 * frames are handed out one by one while the owner takes them, kept while it holds them back or
 * the client does not take its answers, and the socket is not read any further meanwhile. It
 * knows nothing of what the frames mean; the first four bytes alone are shown to the owner, as
 * they may be a command for people instead of a frame's length.
 */
import type { Socket } from "node:net";
import { FrameDecoder, JuteWriter, WireError } from "../wire/index.ts";

/** Why frames are held back; they flow when no reason is left. */
export const HoldReason = {
  /** The session is not open yet. */
  connecting: 1,
  /** Too many requests of this connection wait for an answer. */
  pending: 2,
  /** The server as a whole has too much to do. */
  throttled: 4,
  /** The leadership is changing hands. */
  handOver: 8,
} as const;

export type HoldReason = (typeof HoldReason)[keyof typeof HoldReason];

/**
 * What the first four bytes were: the beginning of a frame, a word that is being answered (later
 * bytes are ignored), or a word that wants to be shown again with more behind it.
 */
export type WordOutcome = "frame" | "word" | "more";

/** The owner's side. */
export interface FrameReceiver {
  /** The first four bytes of the stream, and what has come behind them. */
  receiveWord(word: string, rest: Buffer): WordOutcome;
  /**
   * A frame, `[offset, end)` of `buffer`, valid during the call only.
   *
   * @throws WireError when it cannot be read; the socket is then closed.
   */
  receiveFrame(buffer: Buffer, offset: number, end: number): void;
  /**
   * A frame of so many bytes has begun; perhaps said more than once.
   *
   * @throws WireError when it cannot be accepted; the socket is then closed.
   */
  checkLength(length: number): void;
  /** The bytes received are no frames; the socket is being closed. */
  refused(error: WireError): void;
  /** The socket is gone. */
  socketClosed(): void;
}

/** Bytes not yet taken by the client above which nothing more is answered. */
const outputBytesMax = 16 * 1024 * 1024;

export class FramedSocket {
  readonly socket: Socket;
  /** What is to be sent next: whole frames, by the end of the turn. */
  readonly out = new JuteWriter(256);
  readonly #receiver: FrameReceiver;
  readonly #decoder: FrameDecoder;
  /** Bytes that came before the first four were there; null once they are. */
  #head: Buffer | null = Buffer.alloc(0);
  #holds = 0;
  /** Frames that came while they were held back. */
  #held: Buffer[] = [];
  #isDelivering = false;
  #isPaused = false;
  #isEnded = false;

  constructor(socket: Socket, receiver: FrameReceiver, frameBytesMax: number) {
    this.socket = socket;
    this.#receiver = receiver;
    this.#decoder = new FrameDecoder(frameBytesMax, (length) => {
      receiver.checkLength(length);
    });
    socket.on("data", (chunk: Buffer) => {
      this.#receive(chunk);
    });
    socket.on("drain", () => {
      this.#deliverHeld();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#isEnded = true;
      receiver.socketClosed();
    });
  }

  /** Hands out no more frames until `release`; what comes with this chunk is kept. */
  hold(reason: HoldReason): void {
    this.#holds |= reason;
  }

  release(reason: HoldReason): void {
    if ((this.#holds & reason) === 0) return;
    this.#holds &= ~reason;
    this.#deliverHeld();
  }

  isHeld(reason: HoldReason): boolean {
    return (this.#holds & reason) !== 0;
  }

  /** Sends what is in `out`. */
  flush(): void {
    if (this.out.length === 0 || this.socket.destroyed) return;
    const isTaken = this.socket.write(this.out.take());
    // Bytes that the system takes at once are followed by no "drain".
    if (isTaken && this.#held.length > 0) setImmediate(() => this.#deliverHeld());
  }

  /** Sends what is left, then closes. */
  end(): void {
    this.flush();
    this.#isEnded = true;
    this.socket.end();
  }

  destroy(): void {
    this.#isEnded = true;
    this.socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#isEnded) return;
    try {
      if (this.#head !== null) this.#receiveHead(chunk, this.#head);
      else this.#decoder.push(chunk, this.#onFrame);
    } catch (error) {
      this.#refuse(error);
    }
    this.#pauseOrResume();
  }

  #receiveHead(chunk: Buffer, head: Buffer): void {
    const bytes = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    if (bytes.length < 4) {
      this.#head = bytes;
      return;
    }
    const outcome = this.#receiver.receiveWord(bytes.toString("latin1", 0, 4), bytes.subarray(4));
    this.#head = outcome === "more" ? bytes : null;
    if (outcome === "frame") this.#decoder.push(bytes, this.#onFrame);
    else if (outcome === "word") this.#isEnded = true;
  }

  readonly #onFrame = (buffer: Buffer, offset: number, end: number): void => {
    if (this.#isEnded) return;
    if (this.#held.length > 0 || this.#isBlocked()) {
      this.#held.push(Buffer.from(buffer.subarray(offset, end)));
    } else {
      this.#receiver.receiveFrame(buffer, offset, end);
    }
  };

  #deliverHeld(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    const held = this.#held;
    let count = 0;
    try {
      while (count < held.length && !this.#isEnded && !this.#isBlocked()) {
        const frame = held[count]!;
        count += 1;
        this.#receiver.receiveFrame(frame, 0, frame.length);
      }
    } catch (error) {
      this.#refuse(error);
    }
    this.#held = held.slice(count);
    this.#isDelivering = false;
    this.#pauseOrResume();
  }

  #isBlocked(): boolean {
    return this.#holds !== 0 || this.out.length + this.socket.writableLength > outputBytesMax;
  }

  #pauseOrResume(): void {
    const isPaused = this.#held.length > 0 || this.#isBlocked();
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.socket.pause();
    else this.socket.resume();
  }

  #refuse(error: unknown): void {
    if (!(error instanceof WireError)) throw error;
    this.#receiver.refused(error);
    this.destroy();
  }
}
