import fc from "fast-check";
import { expect, test } from "vitest";
import { adler32 } from "../../src/storage/adler32.ts";

/** RFC 1950 word for word: one byte, one modulo. */
function slowAdler32(bytes: Uint8Array): number {
  let low = 1;
  let high = 0;
  for (const byte of bytes) {
    low = (low + byte) % 65521;
    high = (high + low) % 65521;
  }
  return high * 65536 + low;
}

test("adler32() of known texts", () => {
  expect(adler32(Buffer.from(""))).toBe(1);
  expect(adler32(Buffer.from("Wikipedia"))).toBe(0x11e60398);
});

test("adler32() does not overflow on the largest bytes", () => {
  for (const length of [3799, 3800, 3801, 7600, 100_003]) {
    const bytes = Buffer.alloc(length, 255);
    expect(adler32(bytes)).toBe(slowAdler32(bytes));
    // The largest sums that can come in from an earlier part.
    expect(adler32(bytes, 0, length, 0xfff0fff0)).toBe(
      adler32(bytes.subarray(1), 0, length - 1, adler32(bytes, 0, 1, 0xfff0fff0)),
    );
  }
});

test("adler32() equals the definition, in one go and in parts", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), (bytes, at) => {
      const split = at % (bytes.length + 1);
      expect(adler32(bytes)).toBe(slowAdler32(bytes));
      const first = adler32(bytes, 0, split);
      expect(adler32(bytes, split, bytes.length, first)).toBe(slowAdler32(bytes));
    }),
  );
});
