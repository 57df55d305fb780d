import { describe, expect, test } from "vitest";
import {
  FrameSplitter,
  encodeCloseSession,
  encodeConnect,
  encodeCreate,
  encodeGetData,
  encodeSetData,
} from "../../bench/raw-frames.ts";

function hex(text: string): string {
  return text.replaceAll(/\s/g, "");
}

/** Payloads that come out when the stream arrives in these pieces. */
function split(pieces: readonly Buffer[]): string[] {
  const splitter = new FrameSplitter();
  const payloads: string[] = [];
  for (const piece of pieces) {
    splitter.push(piece, (chunk, start, end) => {
      payloads.push(chunk.toString("latin1", start, end));
    });
  }
  return payloads;
}

describe("encoders", () => {
  test("encodeConnect() asks for a new session", () => {
    const expected = `0000002d 00000000 0000000000000000 00002710 0000000000000000
      00000010 ${"00".repeat(16)} 00`;
    expect(encodeConnect(10_000).toString("hex")).toBe(hex(expected));
  });

  test("encodeGetData() sets no watch", () => {
    const expected = "0000000f 00000007 00000004 00000002 2f61 00";
    expect(encodeGetData(7, "/a").toString("hex")).toBe(hex(expected));
  });

  test("encodeSetData() takes any version", () => {
    const expected = "00000018 00000001 00000005 00000002 2f61 00000002 6869 ffffffff";
    const frame = encodeSetData(1, "/a", Buffer.from("hi")).toString("hex");
    expect(frame).toBe(hex(expected));
  });

  test("encodeCreate() makes a persistent node open to all", () => {
    const expected = `00000033 00000001 00000001 00000002 2f61 00000002 6869 00000001 0000001f
      00000005 776f726c64 00000006 616e796f6e65 00000000`;
    const frame = encodeCreate(1, "/a", Buffer.from("hi"));
    expect(frame.toString("hex")).toBe(hex(expected));
    expect(frame.readInt32BE(0)).toBe(frame.length - 4);
  });

  test("encodeCloseSession() has no body", () => {
    expect(encodeCloseSession(2).toString("hex")).toBe(hex("00000008 00000002 fffffff5"));
  });
});

describe("FrameSplitter", () => {
  const stream = Buffer.from("\0\0\0\x03abc\0\0\0\0\0\0\0\x05defgh", "latin1");
  const frames = ["abc", "", "defgh"];

  test("push() finds all frames of one chunk", () => {
    expect(split([stream])).toEqual(frames);
  });

  test("push() gives the same frames wherever the stream is cut", () => {
    for (let first = 0; first <= stream.length; first += 1) {
      for (let second = first; second <= stream.length; second += 1) {
        const cuts = [
          stream.subarray(0, first),
          stream.subarray(first, second),
          stream.subarray(second),
        ];
        expect(split(cuts), `cut at ${first} and ${second}`).toEqual(frames);
      }
    }
  });

  test("push() keeps what is left over when the chunk's memory is used again", () => {
    const splitter = new FrameSplitter();
    const reused = Buffer.alloc(6);
    const payloads: string[] = [];
    for (let offset = 0; offset < stream.length; offset += reused.length) {
      const bytes = stream.copy(reused, 0, offset);
      splitter.push(reused.subarray(0, bytes), (chunk, start, end) => {
        payloads.push(chunk.toString("latin1", start, end));
      });
    }
    expect(payloads).toEqual(frames);
  });

  test("push() rejects lengths that cannot be", () => {
    for (const length of ["ffffffff", "7fffffff"]) {
      const chunk = Buffer.from(length, "hex");
      expect(() => {
        new FrameSplitter().push(chunk, () => undefined);
      }).toThrow(RangeError);
    }
  });
});
