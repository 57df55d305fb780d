import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashText } from "../../src/base/index.ts";

describe("hashText()", () => {
  it("is FNV-1a of 64 bits", () => {
    // From the authors' list of test vectors.
    expect(hashText("")).toBe("cbf29ce484222325");
    expect(hashText("a")).toBe("af63dc4c8601ec8c");
    expect(hashText("foobar")).toBe("85944171f73967e8");
  });

  it("differs for texts that differ", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        fc.pre(one !== other);
        expect(hashText(one)).not.toBe(hashText(other));
      }),
    );
  });
});
