import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32Finish, crc32Initial, crc32Update, crc32UpdateText } from "../../src/tree/crc32.ts";

describe("crc32Update()", () => {
  it("gives the check value of the polynomial", () => {
    const bytes = Buffer.from("123456789");
    expect(crc32Finish(crc32Update(crc32Initial, bytes, 0, 9))).toBe(0xcbf43926);
  });

  it("agrees with zlib wherever the bytes are split", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
        const at = Math.min(cut, bytes.length);
        const head = crc32Update(crc32Initial, bytes, 0, at);
        expect(crc32Finish(crc32Update(head, bytes, at, bytes.length))).toBe(crc32(bytes));
      }),
    );
  });
});

describe("crc32UpdateText()", () => {
  it("checksums the UTF-8 form", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "/", "é", "日", "😀")), (units) => {
        const text = units.join("");
        expect(crc32Finish(crc32UpdateText(crc32Initial, text))).toBe(crc32(Buffer.from(text)));
      }),
    );
  });
});
