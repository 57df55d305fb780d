/**
 * The bytes of a snapshot file (ZooKeeper 3.9 `FileSnap`). No I/O here.
 *
 * | part | layout |
 * |---|---|
 * | header | int magic "ZKSN", int version 2, long database id -1 |
 * | body | sessions, ACLs, nodes: `wire/`'s snapshot body |
 * | seal 1 | long Adler-32 of every byte before it, string "/" |
 * | digest | zxid: long, version: int, digest: long |
 * | seal 2 | as seal 1 |
 * | last zxid | long |
 * | seal 3 | as seal 1 |
 *
 * Versions before 3.6 end after seal 1, those before 3.9 after seal 2; all are read. Because
 * every version ends with a seal, a whole file ends with the five bytes of the string "/".
 */
import { SnapshotBodyDecoder, WireError } from "../wire/index.ts";
import type { SnapshotSink } from "../wire/index.ts";
import { adler32 } from "./adler32.ts";

export const snapshotHeaderBytes = 16;

/** Bytes of a seal: checksum and the string "/". */
const sealBytes = 13;

/** The last bytes of every whole snapshot. */
export const snapshotEnding: Buffer = Buffer.from([0, 0, 0, 1, 0x2f]);

const snapshotMagic = 0x5a4b534e;
const snapshotVersion = 2;
const digestBytes = 20;
const lastZxidBytes = 8;
const trailerBytesMax = 3 * sealBytes + digestBytes + lastZxidBytes;

/** Digest of the tree as it stood after the transaction `zxid`. */
export interface SnapshotDigest {
  readonly zxid: bigint;
  readonly version: number;
  /** Unsigned 64 bits. */
  readonly digest: bigint;
}

/** What stands behind the nodes; null where an older version wrote nothing. */
export interface SnapshotTrailer {
  readonly digest: SnapshotDigest | null;
  readonly lastZxid: bigint | null;
}

/** Makes a snapshot file of a body: `header()`, each chunk through `body()`, then `trailer()`. */
export class SnapshotFileEncoder {
  #sum: number | undefined;

  header(): Buffer {
    const header = Buffer.alloc(snapshotHeaderBytes);
    header.writeInt32BE(snapshotMagic, 0);
    header.writeInt32BE(snapshotVersion, 4);
    header.writeBigInt64BE(-1n, 8);
    return this.body(header);
  }

  /** Counts `chunk` in; returns it, to be written as it is. */
  body(chunk: Buffer): Buffer {
    this.#sum = adler32(chunk, 0, chunk.length, this.#sum);
    return chunk;
  }

  trailer(digest: SnapshotDigest | null, lastZxid: bigint | null): Buffer {
    const parts = [this.#seal()];
    if (digest !== null) {
      const bytes = Buffer.alloc(digestBytes);
      bytes.writeBigInt64BE(digest.zxid, 0);
      bytes.writeInt32BE(digest.version, 8);
      bytes.writeBigUInt64BE(digest.digest, 12);
      parts.push(this.body(bytes), this.#seal());
    }
    if (digest !== null && lastZxid !== null) {
      const bytes = Buffer.alloc(lastZxidBytes);
      bytes.writeBigInt64BE(lastZxid, 0);
      parts.push(this.body(bytes), this.#seal());
    }
    return Buffer.concat(parts);
  }

  #seal(): Buffer {
    const seal = Buffer.alloc(sealBytes);
    seal.writeUInt32BE(this.#sum ?? 0, 4);
    snapshotEnding.copy(seal, 8);
    return this.body(seal);
  }
}

/** Takes a snapshot file apart, chunk by chunk: `push()` for each, then `end()`. */
export class SnapshotFileDecoder {
  readonly #body: SnapshotBodyDecoder;
  #headerLeft: Buffer | null = Buffer.alloc(0);
  /** What follows the body, as far as it came; null while the body lasts. */
  #trailer: Buffer | null = null;
  #sum: number | undefined;

  constructor(sink: SnapshotSink) {
    this.#body = new SnapshotBodyDecoder(sink);
  }

  /** @throws WireError when the bytes cannot be a snapshot. */
  push(chunk: Buffer): void {
    if (this.#trailer !== null) {
      this.#trailer = Buffer.concat([this.#trailer, chunk]);
      checkTrailerLength(this.#trailer);
      return;
    }
    const bytes = this.#headerLeft === null ? chunk : this.#readHeader(chunk);
    if (bytes.length === 0) return;
    const rest = this.#body.push(bytes);
    this.#count(bytes.subarray(0, bytes.length - (rest?.length ?? 0)));
    if (rest === null) return;
    checkTrailerLength(rest);
    // A view would keep the chunk.
    this.#trailer = Buffer.from(rest);
  }

  /** Checks the seals. @throws WireError when the file ended too early or a seal is wrong. */
  end(): SnapshotTrailer {
    const bytes = this.#trailer;
    if (bytes === null) throw new WireError("truncated", "Cannot read snapshot: it has no end");
    let at = this.#checkSeal(bytes, 0);
    if (at === bytes.length) return { digest: null, lastZxid: null };
    this.#need(bytes, at, digestBytes);
    const digest = {
      zxid: bytes.readBigInt64BE(at),
      version: bytes.readInt32BE(at + 8),
      digest: bytes.readBigUInt64BE(at + 12),
    };
    at = this.#checkSeal(bytes, this.#countTo(bytes, at, digestBytes));
    if (at === bytes.length) return { digest, lastZxid: null };
    this.#need(bytes, at, lastZxidBytes);
    const lastZxid = bytes.readBigInt64BE(at);
    at = this.#checkSeal(bytes, this.#countTo(bytes, at, lastZxidBytes));
    if (at === bytes.length) return { digest, lastZxid };
    throw new WireError("trailing-bytes", `Cannot read snapshot: ${bytes.length - at} bytes extra`);
  }

  /** Takes header bytes off `chunk`; returns what follows them. */
  #readHeader(chunk: Buffer): Buffer {
    const bytes = Buffer.concat([this.#headerLeft ?? Buffer.alloc(0), chunk]);
    if (bytes.length < snapshotHeaderBytes) {
      this.#headerLeft = bytes;
      return Buffer.alloc(0);
    }
    const magic = bytes.readInt32BE(0);
    const version = bytes.readInt32BE(4);
    if (magic !== snapshotMagic || version !== snapshotVersion) {
      const found = `magic 0x${(magic >>> 0).toString(16)}, version ${version}`;
      throw new WireError("bad-value", `Cannot read snapshot: ${found} instead of "ZKSN", 2`);
    }
    this.#headerLeft = null;
    this.#count(bytes.subarray(0, snapshotHeaderBytes));
    return bytes.subarray(snapshotHeaderBytes);
  }

  #checkSeal(bytes: Buffer, at: number): number {
    this.#need(bytes, at, sealBytes);
    const expected = this.#sum ?? 0;
    const isSealed =
      bytes.readUInt32BE(at) === 0 &&
      bytes.readUInt32BE(at + 4) === expected &&
      snapshotEnding.equals(bytes.subarray(at + 8, at + sealBytes));
    if (!isSealed) throw new WireError("bad-value", "Cannot read snapshot: wrong checksum");
    return this.#countTo(bytes, at, sealBytes);
  }

  #need(bytes: Buffer, at: number, count: number): void {
    if (bytes.length - at >= count) return;
    throw new WireError("truncated", "Cannot read snapshot: it ends inside its trailer");
  }

  #countTo(bytes: Buffer, at: number, count: number): number {
    this.#count(bytes.subarray(at, at + count));
    return at + count;
  }

  #count(bytes: Buffer): void {
    this.#sum = adler32(bytes, 0, bytes.length, this.#sum);
  }
}

function checkTrailerLength(trailer: Buffer): void {
  if (trailer.length <= trailerBytesMax) return;
  throw new WireError("trailing-bytes", "Cannot read snapshot: bytes follow its end");
}
