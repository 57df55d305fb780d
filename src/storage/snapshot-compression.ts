/**
 * Compressed snapshots (ZooKeeper's `snapshot.compression.method`): the file's bytes, checksums
 * included, go through gzip or Snappy as a whole. gzip is Node's own, which works in a thread of
 * its pool; Snappy works here, one block of 32 KiB between two turns of the event loop. Framing
 * of Snappy files: `snappy-stream-format.ts`.
 */
import type { Transform } from "node:stream";
import { constants, createGunzip, createGzip } from "node:zlib";
import { compress, uncompress } from "snappyjs";
import { WireError } from "../wire/index.ts";
import {
  SnappyStreamDecoder,
  encodeSnappyChunk,
  encodeSnappyHeader,
  snappyBlockBytes,
  snappyBlockBytesMax,
} from "./snappy-stream-format.ts";
import { errnoOf } from "./storage-error.ts";

/** How a snapshot file is compressed; also the extension of its name. */
export type SnapshotCompression = "gz" | "snappy";

type ByteStream = AsyncIterable<Buffer>;

type Stage = Transform | ((source: ByteStream) => ByteStream);

/** The stage of a stream pipeline that compresses. */
export function compressor(method: SnapshotCompression | null): Stage {
  switch (method) {
    case "gz":
      // A snapshot competes with requests for the processor: speed counts for more than size.
      return createGzip({ level: constants.Z_BEST_SPEED });
    case "snappy":
      return compressBlocks;
    case null:
      return unchanged;
  }
}

/** The stage of a stream pipeline that restores what was compressed. */
export function decompressor(method: SnapshotCompression | null): Stage {
  switch (method) {
    case "gz":
      return createGunzip({ chunkSize: 256 * 1024 });
    case "snappy":
      return uncompressBlocks;
    case null:
      return unchanged;
  }
}

/** An error of a decompressor as the damage to the file that it shows; null for other errors. */
export function compressionDamage(error: unknown): WireError | null {
  const code = errnoOf(error);
  if (code === "Z_BUF_ERROR") return new WireError("truncated", "Cannot read gzip: it has no end");
  if (code?.startsWith("Z_") !== true) return null;
  return new WireError("bad-value", `Cannot read gzip: ${(error as Error).message}`);
}

function unchanged(source: ByteStream): ByteStream {
  return source;
}

async function* compressBlocks(source: ByteStream): AsyncGenerator<Buffer> {
  yield encodeSnappyHeader();
  for await (const bytes of source) {
    for (let from = 0; from < bytes.length; from += snappyBlockBytes) {
      yield encodeSnappyChunk(compress(bytes.subarray(from, from + snappyBlockBytes)));
    }
  }
}

async function* uncompressBlocks(source: ByteStream): AsyncGenerator<Buffer> {
  const decoder = new SnappyStreamDecoder();
  for await (const bytes of source) {
    for (const block of decoder.push(bytes)) yield uncompressBlock(block);
  }
  decoder.end();
}

function uncompressBlock(block: Buffer): Buffer {
  try {
    return uncompress(block, snappyBlockBytesMax);
  } catch (error) {
    throw new WireError("bad-value", `Cannot read Snappy block: ${(error as Error).message}`);
  }
}
