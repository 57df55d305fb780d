import { describe, expect, test } from "vitest";
import { SnapshotFileDecoder, SnapshotFileEncoder } from "../../src/storage/snapshot-format.ts";
import type { SnapshotTrailer } from "../../src/storage/snapshot-format.ts";
import { WireError, encodeSnapshotBody } from "../../src/wire/index.ts";
import { PlainTree, bodyOf, fixtureNames, readFixture } from "./support/storage-world.ts";

function decode(...chunks: readonly Buffer[]): { tree: PlainTree; trailer: SnapshotTrailer } {
  const tree = new PlainTree();
  const decoder = new SnapshotFileDecoder(tree);
  for (const chunk of chunks) decoder.push(chunk);
  return { tree, trailer: decoder.end() };
}

function encode(tree: PlainTree, { digest, lastZxid }: SnapshotTrailer): Buffer {
  const encoder = new SnapshotFileEncoder();
  const parts = [encoder.header()];
  for (const chunk of encodeSnapshotBody(tree, 100)) parts.push(encoder.body(chunk));
  parts.push(encoder.trailer(digest, lastZxid));
  return Buffer.concat(parts);
}

describe.each(fixtureNames("snapshot."))("%s of Apache ZooKeeper", (name) => {
  const file = readFixture(name);

  test("decodes and encodes to the same bytes", () => {
    const { tree, trailer } = decode(file);
    expect(tree.nodes()[0]!.path).toBe("");
    expect(trailer.lastZxid).not.toBeNull();
    expect(encode(tree, trailer).toString("hex")).toBe(file.toString("hex"));
  });

  test("reads the same in two parts, wherever it is split", () => {
    const whole = decode(file);
    for (let split = 0; split <= file.length; split++) {
      const parts = decode(file.subarray(0, split), file.subarray(split));
      expect(parts.trailer).toEqual(whole.trailer);
      expect(parts.tree.nodes().length).toBe(whole.tree.nodes().length);
    }
  });
});

test("SnapshotFileDecoder.push() keeps nothing of a buffer that is filled again", () => {
  const encoder = new SnapshotFileEncoder();
  const chunks = [...bodyOf(5)].map((chunk) => encoder.body(chunk));
  const file = Buffer.concat([encoder.header(), ...chunks]);
  const whole = new PlainTree();
  new SnapshotFileDecoder(whole).push(file);
  for (let size = 1; size <= file.length; size++) {
    const tree = new PlainTree();
    const decoder = new SnapshotFileDecoder(tree);
    const buffer = Buffer.alloc(size);
    for (let at = 0; at < file.length; at += size) {
      decoder.push(buffer.subarray(0, file.copy(buffer, 0, at, at + size)));
      buffer.fill(0xee);
    }
    expect(tree.nodes()).toEqual(whole.nodes());
  }
});

describe("SnapshotFileDecoder", () => {
  const { tree } = decode(readFixture("snapshot.0"));
  const digest = { zxid: 5n, version: 2, digest: 0xfedcba9876543210n };
  const file = encode(tree, { digest, lastZxid: 6n });

  test("throws WireError at every cut but those where an older version ends", () => {
    const older: number[] = [];
    for (let end = 0; end < file.length; end++) {
      try {
        decode(file.subarray(0, end));
        older.push(file.length - end);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }
    // Without the last zxid and its seal; without the digest and its seal as well.
    expect(older).toEqual([21 + 33, 21]);
  });

  test("throws WireError for a change of any byte", () => {
    for (let at = 0; at < file.length; at++) {
      const copy = Buffer.from(file);
      copy[at]! ^= 0x40;
      expect(() => decode(copy)).toThrow(WireError);
    }
  });

  test("refuses bytes behind the end", () => {
    expect(() => decode(Buffer.concat([file, Buffer.alloc(1)]))).toThrow(WireError);
    expect(() => decode(Buffer.concat([file, Buffer.alloc(4096)]))).toThrow(WireError);
  });

  test("reads snapshots of versions 3.5 and 3.6", () => {
    expect(decode(encode(tree, { digest: null, lastZxid: null })).trailer).toEqual({
      digest: null,
      lastZxid: null,
    });
    expect(decode(encode(tree, { digest, lastZxid: null })).trailer).toEqual({
      digest,
      lastZxid: null,
    });
  });
});

test("SnapshotFileEncoder sums all chunks", () => {
  const encoder = new SnapshotFileEncoder();
  const parts = [encoder.header()];
  for (const chunk of bodyOf(50)) parts.push(encoder.body(chunk));
  parts.push(encoder.trailer(null, null));
  expect(decode(Buffer.concat(parts)).tree.nodes()).toHaveLength(51);
});
