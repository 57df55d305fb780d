/**
 * Reads jute, ZooKeeper's record encoding (`zookeeper-jute`, BinaryInputArchive): big-endian
 * integers, length-prefixed strings and buffers where -1 means null, counted vectors. A reader is
 * bounded to the range it was given and can never read into the next message. It is reused on the
 * hot path through `reset`. Every length is checked against what remains before anything is
 * allocated.
 */
import { WireError } from "./wire-error.ts";

const emptyBuffer = Buffer.alloc(0);

/** A cursor over one record's bytes. All reads throw `WireError` past the end. */
export class JuteReader {
  #buffer: Buffer;
  /** The same bytes, made at the first 64-bit integer: a DataView reads those much faster. */
  #view: DataView | null = null;
  #offset: number;
  #end: number;

  constructor(buffer: Buffer = emptyBuffer, offset = 0, end: number = buffer.length) {
    this.#buffer = buffer;
    this.#offset = offset;
    this.#end = end;
  }

  /** Points the reader at `[offset, end)` of `buffer`, which it does not copy. */
  reset(buffer: Buffer, offset: number, end: number): this {
    if (buffer !== this.#buffer) this.#view = null;
    this.#buffer = buffer;
    this.#offset = offset;
    this.#end = end;
    return this;
  }

  /** Index of the next byte in the underlying buffer. */
  get offset(): number {
    return this.#offset;
  }

  /** Goes back to an earlier `offset` of the same range. */
  rewind(offset: number): void {
    this.#offset = offset;
  }

  /** Bytes left in the range. */
  get remaining(): number {
    return this.#end - this.#offset;
  }

  readBool(): boolean {
    const at = this.#take(1);
    return this.#buffer[at] !== 0;
  }

  readByte(): number {
    return this.#buffer.readInt8(this.#take(1));
  }

  readInt(): number {
    return this.#buffer.readInt32BE(this.#take(4));
  }

  readLong(): bigint {
    const at = this.#take(8);
    this.#view ??= viewOf(this.#buffer);
    return this.#view.getBigInt64(at);
  }

  /** A 64-bit integer that is known to be a time or a count; exact within ±2^53. */
  readLongNumber(): number {
    const at = this.#take(8);
    return this.#buffer.readInt32BE(at) * 4294967296 + this.#buffer.readUInt32BE(at + 4);
  }

  /** A view of the bytes, not a copy: it lives as long as the underlying buffer. */
  readBuffer(): Buffer | null {
    const length = this.#readLength("buffer");
    if (length < 0) return null;
    const at = this.#take(length);
    return this.#buffer.subarray(at, at + length);
  }

  readString(): string | null {
    const length = this.#readLength("string");
    if (length < 0) return null;
    const at = this.#take(length);
    return this.#buffer.utf8Slice(at, at + length);
  }

  /** A string where null makes no sense: null reads as a `bad-value` error. */
  readRequiredString(what: string): string {
    const value = this.readString();
    if (value === null) throw new WireError("bad-value", `Cannot decode ${what}: it is null`);
    return value;
  }

  /** A counted sequence; each element takes at least `elementBytesMin` bytes. */
  readVector<T>(readElement: (reader: JuteReader) => T, elementBytesMin = 1): T[] | null {
    const count = this.readInt();
    if (count === -1) return null;
    if (count < 0 || count * elementBytesMin > this.remaining) {
      throw new WireError(
        count < 0 ? "bad-length" : "truncated",
        `Cannot decode vector: ${count} elements do not fit in ${this.remaining} bytes`,
      );
    }
    const elements: T[] = [];
    for (let index = 0; index < count; index++) elements.push(readElement(this));
    return elements;
  }

  /** The rest of the range as a view. */
  readRest(): Buffer {
    const at = this.#take(this.remaining);
    return this.#buffer.subarray(at, this.#end);
  }

  #readLength(what: string): number {
    const length = this.readInt();
    if (length < -1 || length > this.remaining) {
      throw new WireError(
        length < -1 ? "bad-length" : "truncated",
        `Cannot decode ${what}: length ${length}, ${this.remaining} bytes remain`,
      );
    }
    return length;
  }

  #take(bytes: number): number {
    const at = this.#offset;
    if (at + bytes > this.#end) {
      throw new WireError(
        "truncated",
        `Cannot read ${bytes} bytes at offset ${at}: ${this.remaining} bytes remain`,
      );
    }
    this.#offset = at + bytes;
    return at;
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}
