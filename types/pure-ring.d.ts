/**
 * Buffer for the pure ring, and nothing else of Node.
 *
 * `tsconfig.pure.json` compiles the pure folders with `types: []`, so that the compiler itself
 * refuses timers, `process`, `console` and `node:*` there. Buffer is the one exception: it is the
 * byte type of the whole program. This file declares the part of it that codecs need; only
 * `tsconfig.pure.json` includes it, because everywhere else `@types/node` declares the same names.
 * Signatures follow `@types/node`, so that what compiles here compiles there. A method that is
 * missing may be added when a pure file needs it.
 */

type BufferEncoding =
  | "ascii"
  | "base64"
  | "base64url"
  | "binary"
  | "hex"
  | "latin1"
  | "ucs2"
  | "utf16le"
  | "utf-8"
  | "utf8";

interface Buffer<
  TArrayBuffer extends ArrayBufferLike = ArrayBufferLike,
> extends Uint8Array<TArrayBuffer> {
  // Views and copies. `slice` is left out: it means one thing here and another on Uint8Array.
  subarray(start?: number, end?: number): Buffer<TArrayBuffer>;
  copy(target: Uint8Array, targetStart?: number, sourceStart?: number, sourceEnd?: number): number;
  fill(value: string | Uint8Array | number, offset?: number, end?: number): this;
  write(text: string, offset: number, length: number, encoding?: BufferEncoding): number;
  write(text: string, offset: number, encoding?: BufferEncoding): number;
  write(text: string, encoding?: BufferEncoding): number;
  toString(encoding?: BufferEncoding, start?: number, end?: number): string;

  // Comparison and search.
  equals(other: Uint8Array): boolean;
  compare(
    target: Uint8Array,
    targetStart?: number,
    targetEnd?: number,
    sourceStart?: number,
    sourceEnd?: number,
  ): -1 | 0 | 1;
  indexOf(value: string | number | Uint8Array, byteOffset?: number): number;
  includes(value: string | number | Uint8Array, byteOffset?: number): boolean;

  // Numbers, in the order of size.
  readInt8(offset?: number): number;
  readUInt8(offset?: number): number;
  readInt16BE(offset?: number): number;
  readUInt16BE(offset?: number): number;
  readInt32BE(offset?: number): number;
  readInt32LE(offset?: number): number;
  readUInt32BE(offset?: number): number;
  readUInt32LE(offset?: number): number;
  readBigInt64BE(offset?: number): bigint;
  readBigUInt64BE(offset?: number): bigint;
  writeInt8(value: number, offset?: number): number;
  writeUInt8(value: number, offset?: number): number;
  writeInt16BE(value: number, offset?: number): number;
  writeUInt16BE(value: number, offset?: number): number;
  writeInt32BE(value: number, offset?: number): number;
  writeInt32LE(value: number, offset?: number): number;
  writeUInt32BE(value: number, offset?: number): number;
  writeUInt32LE(value: number, offset?: number): number;
  writeBigInt64BE(value: bigint, offset?: number): number;
  writeBigUInt64BE(value: bigint, offset?: number): number;
}

interface BufferConstructor {
  alloc(size: number, fill?: string | Uint8Array | number): Buffer<ArrayBuffer>;
  allocUnsafe(size: number): Buffer<ArrayBuffer>;
  allocUnsafeSlow(size: number): Buffer<ArrayBuffer>;
  from(text: string, encoding?: BufferEncoding): Buffer<ArrayBuffer>;
  from(bytes: ArrayLike<number>): Buffer<ArrayBuffer>;
  from<T extends ArrayBufferLike>(memory: T, byteOffset?: number, length?: number): Buffer<T>;
  concat(list: readonly Uint8Array[], totalLength?: number): Buffer<ArrayBuffer>;
  byteLength(text: string | ArrayBufferView | ArrayBufferLike, encoding?: BufferEncoding): number;
  compare(left: Uint8Array, right: Uint8Array): -1 | 0 | 1;
  isBuffer(value: unknown): value is Buffer;
  isEncoding(encoding: string): encoding is BufferEncoding;
}

declare var Buffer: BufferConstructor;
