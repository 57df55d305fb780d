/**
 * The framing of compressed snapshots with the extension `.snappy`: that of snappy-java's
 * `SnappyOutputStream`, which is not the framing that Snappy's own project describes.
 *
 * | offset | type | field |
 * |---|---|---|
 * | 0 | 8 bytes | 0x82 "SNAPPY" 0x00 |
 * | 8 | int | version, 1 |
 * | 12 | int | oldest version that can read it, 1 |
 * | 16 | | chunks up to the end of the file |
 *
 * A chunk is its length as an int and one raw Snappy block; nothing marks the last one. Blocks are
 * compressed and taken apart by the caller: no I/O and no Snappy here.
 */
import { WireError } from "../wire/index.ts";

/** Uncompressed bytes of a block, as snappy-java cuts them. */
export const snappyBlockBytes = 32 * 1024;

/** The longest block accepted, compressed or not. snappy-java can be told to use other sizes. */
export const snappyBlockBytesMax = 32 * 1024 * 1024;

const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const headerBytes = magic.length + 8;
const version = 1;

/** The header of every stream. */
export function encodeSnappyHeader(): Buffer {
  const header = Buffer.alloc(headerBytes);
  magic.copy(header);
  header.writeInt32BE(version, 8);
  header.writeInt32BE(version, 12);
  return header;
}

/** A chunk around a compressed block. */
export function encodeSnappyChunk(block: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(block.length);
  return Buffer.concat([length, block]);
}

/** Takes a stream apart: `push()` for each piece of the file, then `end()`. */
export class SnappyStreamDecoder {
  #rest: Buffer = Buffer.alloc(0);
  #isHeaderRead = false;

  /** The compressed blocks that `bytes` complete. @throws WireError when it is no such stream. */
  push(bytes: Buffer): Buffer[] {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = this.#isHeaderRead ? 0 : this.#readHeader(all);
    const blocks: Buffer[] = [];
    while (this.#isHeaderRead && all.length - at >= 4) {
      const length = all.readInt32BE(at);
      if (length < 0 || length > snappyBlockBytesMax) {
        throw new WireError("bad-length", `Cannot read Snappy stream: chunk of ${length} bytes`);
      }
      if (all.length - at - 4 < length) break;
      blocks.push(all.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    this.#rest = Buffer.from(all.subarray(at));
    return blocks;
  }

  /** @throws WireError when the stream ended inside a chunk. */
  end(): void {
    if (this.#isHeaderRead && this.#rest.length === 0) return;
    throw new WireError("truncated", "Cannot read Snappy stream: it ends too early");
  }

  /** Returns the offset after the header; 0 while it is not whole. */
  #readHeader(bytes: Buffer): number {
    if (bytes.length < headerBytes) return 0;
    const oldestReader = bytes.readInt32BE(12);
    if (!magic.equals(bytes.subarray(0, magic.length)) || oldestReader > version) {
      throw new WireError("bad-value", "Cannot read Snappy stream: it has another header");
    }
    this.#isHeaderRead = true;
    return headerBytes;
  }
}
