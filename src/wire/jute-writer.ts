/**
 * Writes jute, ZooKeeper's record encoding, into one growing buffer. A writer is an output queue
 * as well: a connection keeps one, appends replies to it during a turn, and hands the bytes over
 * with `take`. The counterpart of `JuteReader`; null strings and buffers have length -1.
 */

const initialBytes = 512;

/** Up to so many units a loop is faster than a call out of JavaScript. */
const shortUnitsMax = 32;

/** An append-only byte buffer with jute's field encodings. */
export class JuteWriter {
  #buffer: Buffer;
  /** The same bytes: a DataView writes 64-bit integers many times faster than a Buffer does. */
  #view: DataView;
  #length = 0;

  constructor(capacityBytes: number = initialBytes) {
    this.#buffer = Buffer.allocUnsafeSlow(capacityBytes);
    this.#view = viewOf(this.#buffer);
  }

  /** Bytes written and not yet taken. */
  get length(): number {
    return this.#length;
  }

  writeBool(value: boolean): void {
    const at = this.#grow(1);
    this.#buffer[at] = value ? 1 : 0;
  }

  writeByte(value: number): void {
    const at = this.#grow(1);
    this.#buffer[at] = value & 0xff;
  }

  writeInt(value: number): void {
    const at = this.#grow(4);
    this.#view.setInt32(at, value);
  }

  writeLong(value: bigint): void {
    const at = this.#grow(8);
    this.#view.setBigInt64(at, value);
  }

  /** A time or count as a 64-bit integer; `value` is an integer within ±2^53. */
  writeLongNumber(value: number): void {
    const at = this.#grow(8);
    const high = Math.floor(value / 4294967296);
    this.#view.setInt32(at, high);
    this.#view.setUint32(at + 4, value - high * 4294967296);
  }

  /** The 64-bit integer at `offset` of `source`, without making a bigint of it. */
  writeLongOf(source: DataView, offset: number): void {
    const at = this.#grow(8);
    this.#view.setInt32(at, source.getInt32(offset));
    this.#view.setInt32(at + 4, source.getInt32(offset + 4));
  }

  writeBuffer(value: Buffer | null): void {
    if (value === null) {
      this.writeInt(-1);
      return;
    }
    this.writeInt(value.length);
    this.writeRaw(value);
  }

  writeString(value: string | null): void {
    if (value === null) {
      this.writeInt(-1);
      return;
    }
    // UTF-8 needs at most three bytes for each UTF-16 unit.
    const at = this.#grow(4 + value.length * 3);
    const written = this.#buffer.utf8Write(value, at + 4);
    this.#view.setInt32(at, written);
    this.#length = at + 4 + written;
  }

  /** The end of `value` as a string field: what is there from unit `from` on. */
  writeStringFrom(value: string, from: number): void {
    const count = value.length - from;
    if (count > shortUnitsMax) {
      this.writeString(value.slice(from));
      return;
    }
    const at = this.#grow(4 + count);
    for (let index = 0; index < count; index++) {
      const unit = value.charCodeAt(from + index);
      if (unit >= 0x80) {
        this.#length = at;
        this.writeString(value.slice(from));
        return;
      }
      this.#buffer[at + 4 + index] = unit;
    }
    this.#view.setInt32(at, count);
  }

  /** A buffer field whose bytes are the units of a string, each below 256. */
  writeLatin1Buffer(value: string): void {
    const at = this.#grow(4 + value.length);
    this.#view.setInt32(at, value.length);
    this.#buffer.latin1Write(value, at + 4, value.length);
  }

  writeVector<T>(values: readonly T[] | null, writeElement: (value: T) => void): void {
    if (values === null) {
      this.writeInt(-1);
      return;
    }
    this.writeInt(values.length);
    for (const value of values) writeElement(value);
  }

  /** Bytes as they are, without a length. */
  writeRaw(bytes: Buffer): void {
    const at = this.#grow(bytes.length);
    bytes.copy(this.#buffer, at);
  }

  /** Leaves room for an int and returns its position, to be filled by `patchInt`. */
  reserveInt(): number {
    return this.#grow(4);
  }

  patchInt(position: number, value: number): void {
    this.#view.setInt32(position, value);
  }

  /** Fills a reserved int with the count of bytes written after it: closes a frame. */
  patchLength(position: number): void {
    this.#view.setInt32(position, this.#length - position - 4);
  }

  patchLong(position: number, value: bigint): void {
    this.#view.setBigInt64(position, value);
  }

  /** Drops everything written at or after `position`. */
  rewind(position: number): void {
    this.#length = position;
  }

  /** A view of what was written since the last `take`; valid until the next write. */
  peek(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /**
   * Hands over the bytes written and starts anew. The returned buffer belongs to the caller; the
   * writer goes on in what is left of its block, or in a new one.
   */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#length);
    const left = this.#buffer.length - this.#length;
    this.#buffer =
      left >= initialBytes
        ? this.#buffer.subarray(this.#length)
        : Buffer.allocUnsafeSlow(blockBytes);
    this.#view = viewOf(this.#buffer);
    this.#length = 0;
    return taken;
  }

  /** Copies the bytes written into a buffer of their own and starts anew in the same block. */
  takeCopy(): Buffer {
    const copy = Buffer.allocUnsafe(this.#length);
    this.#buffer.copy(copy, 0, 0, this.#length);
    this.#length = 0;
    return copy;
  }

  #grow(bytes: number): number {
    const at = this.#length;
    const needed = at + bytes;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2, blockBytes));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
      this.#view = viewOf(larger);
    }
    this.#length = needed;
    return at;
  }
}

const blockBytes = 16 * 1024;

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}
