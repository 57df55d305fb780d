import { describe, expect, test } from "vitest";
import { isTornTail, unsyncedBytesMax } from "../../src/storage/log-damage-format.ts";
import {
  encodeLogHeader,
  encodeRecord,
  recordOverheadBytes,
} from "../../src/storage/log-format.ts";
import { payloadOf } from "./support/storage-world.ts";

/** A log with records of the given data sizes; `offsets` are where they start, and the end. */
function logOf(dataBytes: readonly number[]): { log: Buffer; offsets: number[] } {
  const payloads = dataBytes.map((bytes, index) => payloadOf(BigInt(index + 1), bytes));
  const size = payloads.reduce((sum, { length }) => sum + length + recordOverheadBytes, 16);
  const log = Buffer.alloc(size + 4096);
  const offsets = [encodeLogHeader().copy(log)];
  for (const payload of payloads) offsets.push(encodeRecord(log, offsets.at(-1)!, payload));
  return { log, offsets };
}

function judge(log: Buffer, offset: number): boolean {
  return isTornTail(log.subarray(offset), offset, false);
}

describe("isTornTail()", () => {
  test("calls a damaged record corrupt when whole records follow", () => {
    const { log, offsets } = logOf([100, 100, 100]);
    for (let at = offsets[0]!; at < offsets[1]!; at++) {
      const copy = Buffer.from(log);
      copy[at]! ^= 0x10;
      expect(judge(copy, offsets[0]!)).toBe(false);
    }
  });

  test("calls a last record corrupt of which one bit is wrong", () => {
    const { log, offsets } = logOf([100, 100]);
    for (let at = 8 * offsets[1]!; at < 8 * offsets[2]!; at++) {
      const copy = Buffer.from(log);
      copy[at >> 3]! ^= 1 << (at & 7);
      expect(judge(copy, offsets[1]!)).toBe(false);
    }
  });

  test("calls a last record torn that ends in zeros, wherever they begin", () => {
    const { log, offsets } = logOf([100, 700]);
    for (let at = offsets[1]!; at < offsets[2]!; at++) {
      expect(judge(Buffer.from(log).fill(0, at), offsets[1]!)).toBe(true);
    }
  });

  test("calls a length that reaches into the padding corrupt when records follow", () => {
    const { log, offsets } = logOf([100, 100, 100]);
    log.writeInt32BE(log.length - 100, offsets[0]! + 8);
    expect(judge(log, offsets[0]!)).toBe(false);
  });

  test("calls a record torn whose sector is missing, although later ones arrived", () => {
    const { log, offsets } = logOf([2000, 2000, 100]);
    const copy = Buffer.from(log);
    copy.fill(0, 1024, 1536);
    expect(judge(copy, offsets[0]!)).toBe(true);
  });

  test("calls a record torn of whose checksum some bytes did not reach the disk", () => {
    for (const headBytes of [5, 6, 7]) {
      const dataBytes = 1024 - headBytes - logOf([0]).offsets[1]!;
      const { log, offsets } = logOf([dataBytes, 100, 100]);
      expect(offsets[1]).toBe(1024 - headBytes);
      const copy = Buffer.from(log);
      copy.fill(0, offsets[1], 1024);
      expect(judge(copy, offsets[1]!)).toBe(true);
      copy[offsets[1]! + 60]! ^= 1;
      expect(judge(copy, offsets[1]!)).toBe(false);
    }
  });

  test("calls a missing sector after a whole record corrupt", () => {
    const { log, offsets } = logOf([100, 100, 2000, 2000]);
    const copy = Buffer.from(log);
    copy[offsets[0]! + 40]! ^= 1;
    copy.fill(0, 1024, 1536);
    expect(judge(copy, offsets[0]!)).toBe(false);
  });

  test("takes zeros inside the data of a whole record for data", () => {
    const { log, offsets } = logOf([100]);
    const zeros = payloadOf(2n, 4000);
    zeros.fill(0, 60, 3900);
    const full = Buffer.concat([log.subarray(0, offsets[1]), Buffer.alloc(8192)]);
    encodeRecord(full, offsets[1]!, zeros);
    full[offsets[0]! + 40]! ^= 1;
    expect(judge(full, offsets[0]!)).toBe(false);
  });

  test("calls anything corrupt that reaches further than a write between two syncs", () => {
    expect(isTornTail(Buffer.alloc(unsyncedBytesMax), 16, true)).toBe(false);
  });
});
