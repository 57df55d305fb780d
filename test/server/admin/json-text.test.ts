import { describe, expect, it } from "vitest";
import { formatJson } from "../../../src/server/admin/json-text.ts";

describe("formatJson()", () => {
  it("writes all digits of 64-bit numbers", () => {
    expect(formatJson({ id: -(2n ** 63n), list: [2n ** 63n - 1n] })).toBe(
      '{\n  "id": -9223372036854775808,\n  "list": [\n    9223372036854775807\n  ]\n}',
    );
  });

  it("escapes control characters", () => {
    expect(formatJson("a\u0000\u001b\n")).toBe(String.raw`"a\u0000\u001b\n"`);
  });
});
