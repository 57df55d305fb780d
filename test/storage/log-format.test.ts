import { describe, expect, test } from "vitest";
import { decodeTxn, JuteWriter, payloadZxid, WireError, writeTxn } from "../../src/wire/index.ts";
import {
  checkLogHeader,
  decodeRecord,
  encodeLogHeader,
  encodeRecord,
  paddedSize,
  recordOverheadBytes,
} from "../../src/storage/log-format.ts";
import { fixtureNames, payloadOf, readFixture } from "./support/storage-world.ts";

/** All payloads of a log in memory. */
function payloadsOf(log: Buffer): Buffer[] {
  const payloads: Buffer[] = [];
  for (let offset = 16; ;) {
    const verdict = decodeRecord(log, offset, log.length);
    if (verdict.kind !== "record") return payloads;
    payloads.push(verdict.payload);
    offset = verdict.end;
  }
}

describe.each(fixtureNames("log."))("%s of Apache ZooKeeper", (name) => {
  const log = readFixture(name);

  test("decodes and encodes to the same bytes", () => {
    const payloads = payloadsOf(log);
    expect(payloads.length).toBeGreaterThan(0);
    const copy = Buffer.alloc(log.length);
    let offset = encodeLogHeader().copy(copy);
    for (const payload of payloads) offset = encodeRecord(copy, offset, payload);
    expect(copy.equals(log)).toBe(true);
  });

  test("has transactions that encode to the same bytes", () => {
    for (const payload of payloadsOf(log)) {
      const { header, txn, digest } = decodeTxn(payload);
      const writer = new JuteWriter();
      writeTxn(writer, header, txn, digest);
      expect(writer.takeCopy().toString("hex")).toBe(payload.toString("hex"));
    }
  });

  test("is named after its first transaction", () => {
    const [first] = payloadsOf(log);
    expect(`log.${payloadZxid(first!).toString(16)}`).toBe(name);
  });
});

test("paddedSize() extends as ZooKeeper does", () => {
  expect(paddedSize(16, 116, 65536)).toBe(65552);
  expect(paddedSize(65552, 65552 - 4097, 65536)).toBe(65552);
  expect(paddedSize(65552, 65552 - 4096, 65536)).toBe(131088);
  expect(paddedSize(16, 200_000, 65536)).toBe(16 + 4 * 65536);
  expect(paddedSize(16, 200_000, 0)).toBe(16);
});

test("checkLogHeader() refuses other files", () => {
  expect(() => checkLogHeader(encodeLogHeader())).not.toThrow();
  expect(() => checkLogHeader(Buffer.alloc(16))).toThrow(WireError);
  expect(() => checkLogHeader(encodeLogHeader().subarray(0, 15))).toThrow(WireError);
});

describe("decodeRecord()", () => {
  const payload = payloadOf(1n);
  const record = Buffer.alloc(payload.length + recordOverheadBytes);
  encodeRecord(record, 0, payload);

  test("reads what encodeRecord() wrote", () => {
    expect(decodeRecord(record, 0, record.length)).toEqual({
      kind: "record",
      payload,
      end: record.length,
    });
  });

  test("asks for more at every cut", () => {
    for (let end = 0; end < record.length; end++) {
      const verdict = decodeRecord(record, 0, end);
      expect(verdict.kind).toBe("incomplete");
    }
  });

  test("notices a flip of any bit", () => {
    for (let bit = 0; bit < record.length * 8; bit++) {
      const copy = Buffer.from(record);
      copy[bit >> 3]! ^= 1 << (bit & 7);
      expect(decodeRecord(copy, 0, copy.length).kind).not.toBe("record");
    }
  });

  test("finds the end in zeros", () => {
    expect(decodeRecord(Buffer.alloc(64), 0, 64)).toEqual({ kind: "end" });
  });

  test("refuses lengths that no record has", () => {
    for (const length of [-1, 1, 31, 0x7fffffff]) {
      const copy = Buffer.from(record);
      copy.writeInt32BE(length, 8);
      expect(decodeRecord(copy, 0, copy.length).kind).toBe("bad");
    }
  });
});
