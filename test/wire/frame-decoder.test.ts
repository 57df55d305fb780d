import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameDecoder, WireError } from "../../src/wire/index.ts";

function frame(payload: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(payload.length);
  return Buffer.concat([length, payload]);
}

function decode(decoder: FrameDecoder, chunks: readonly Buffer[]): string[] {
  const frames: string[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk, (buffer, offset, end) => {
      frames.push(buffer.toString("hex", offset, end));
    });
  }
  return frames;
}

const payloads = [Buffer.from("00", "hex"), Buffer.alloc(0), Buffer.from("01020304050607", "hex")];
const stream = Buffer.concat(payloads.map(frame));
const expected = ["00", "", "01020304050607"];

describe("FrameDecoder.push()", () => {
  it("gives the same frames wherever the stream is split in three", () => {
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        const decoder = new FrameDecoder(100);
        const chunks = [
          stream.subarray(0, first),
          stream.subarray(first, second),
          stream.subarray(second),
        ];
        expect(decode(decoder, chunks)).toEqual(expected);
        expect(decoder.pendingBytes).toBe(0);
      }
    }
  });

  it("gives the same frames byte by byte", () => {
    const bytes = Array.from(stream, (_, at) => stream.subarray(at, at + 1));
    expect(decode(new FrameDecoder(100), bytes)).toEqual(expected);
  });

  it("gives the same frames for any frames and any chunks", () => {
    const frames = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 });
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 30 })), (contents, sizes) => {
        const whole = Buffer.concat(contents.map((bytes) => frame(Buffer.from(bytes))));
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of sizes) {
          chunks.push(whole.subarray(at, at + size));
          at += size;
        }
        chunks.push(whole.subarray(at));
        const hexes = contents.map((bytes) => Buffer.from(bytes).toString("hex"));
        expect(decode(new FrameDecoder(40), chunks)).toEqual(hexes);
      }),
    );
  });

  it("counts the bytes of an unfinished frame", () => {
    const decoder = new FrameDecoder(100);
    decode(decoder, [stream.subarray(0, 2)]);
    expect(decoder.pendingBytes).toBe(2);
  });

  it.each([
    ["a negative length", -1],
    ["a length above the limit", 101],
  ])("rejects %s before reserving memory, whole or in parts", (_, length) => {
    const bytes = Buffer.alloc(8);
    bytes.writeInt32BE(length);
    expect(() => decode(new FrameDecoder(100), [bytes])).toThrow(WireError);
    const parts = [bytes.subarray(0, 3), bytes.subarray(3)];
    expect(() => decode(new FrameDecoder(100), parts)).toThrow(WireError);
  });

  it("accepts a frame of exactly the limit", () => {
    const limit = Buffer.alloc(100, 1);
    expect(decode(new FrameDecoder(100), [frame(limit)])).toEqual([limit.toString("hex")]);
  });
});
