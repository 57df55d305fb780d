/**
 * Cuts a byte stream into length-prefixed frames (client port: int32 length + payload). It keeps
 * an incomplete frame between chunks and checks a length before it reserves anything for it. Frames
 * that lie whole inside one chunk are handed out as ranges of that chunk, without a copy.
 */
import { WireError } from "./wire-error.ts";

/** Receives one frame: the payload is `[offset, end)` of `buffer`, valid during the call only. */
export type FrameHandler = (buffer: Buffer, offset: number, end: number) => void;

/** An incremental decoder of int32-length-prefixed frames. */
export class FrameDecoder {
  readonly #frameBytesMax: number;
  readonly #admit: ((length: number) => void) | undefined;
  /** The bytes of a frame whose end has not come yet; `#needed` is its whole size with prefix. */
  #partial: Buffer | null = null;
  #partialLength = 0;

  /**
   * @param frameBytesMax largest payload accepted, in bytes.
   * @param admit told a payload's length before memory is reserved for it, perhaps more than
   *   once; throws a WireError when there is no room for it now.
   */
  constructor(frameBytesMax: number, admit?: (length: number) => void) {
    this.#frameBytesMax = frameBytesMax;
    this.#admit = admit;
  }

  /** Bytes kept for an unfinished frame. */
  get pendingBytes(): number {
    return this.#partialLength;
  }

  /**
   * Takes the next chunk of the stream and calls `handle` for each frame that is now whole. When
   * `handle` returns normally, decoding goes on; to stop, the caller throws.
   *
   * @throws WireError `bad-length` when a length is negative or above the limit.
   */
  push(chunk: Buffer, handle: FrameHandler): void {
    let offset = this.#partial === null ? 0 : this.#complete(this.#partial, chunk, handle);
    while (chunk.length - offset >= 4) {
      const length = this.#checkLength(chunk.readInt32BE(offset));
      const end = offset + 4 + length;
      if (end > chunk.length) break;
      offset = end;
      handle(chunk, end - length, end);
    }
    if (offset < chunk.length) this.#keep(chunk, offset);
  }

  /** Adds to the unfinished frame, hands it out when whole; returns how much of `chunk` it took. */
  #complete(partial: Buffer, chunk: Buffer, handle: FrameHandler): number {
    let used = 0;
    if (this.#partialLength < 4) {
      used = this.#append(partial, chunk, 0, 4 - this.#partialLength);
      if (this.#partialLength < 4) return used;
    }
    const whole = 4 + this.#checkLength(partial.readInt32BE(0));
    let frame = partial;
    if (frame.length < whole) {
      frame = Buffer.allocUnsafe(whole);
      partial.copy(frame, 0, 0, this.#partialLength);
      this.#partial = frame;
    }
    used += this.#append(frame, chunk, used, whole - this.#partialLength);
    if (this.#partialLength === whole) {
      this.#partial = null;
      this.#partialLength = 0;
      handle(frame, 4, whole);
    }
    return used;
  }

  #append(partial: Buffer, chunk: Buffer, from: number, bytesMax: number): number {
    const bytes = Math.min(bytesMax, chunk.length - from);
    chunk.copy(partial, this.#partialLength, from, from + bytes);
    this.#partialLength += bytes;
    return bytes;
  }

  #keep(chunk: Buffer, offset: number): void {
    const left = chunk.length - offset;
    const whole = left >= 4 ? 4 + chunk.readInt32BE(offset) : 4;
    this.#partial = Buffer.allocUnsafe(whole);
    chunk.copy(this.#partial, 0, offset, chunk.length);
    this.#partialLength = left;
  }

  #checkLength(length: number): number {
    if (length < 0 || length > this.#frameBytesMax) {
      throw new WireError(
        "bad-length",
        `Cannot accept frame: length ${length}, at most ${this.#frameBytesMax} bytes are allowed`,
      );
    }
    this.#admit?.(length);
    return length;
  }
}
