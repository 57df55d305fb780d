import { describe, expect, it } from "vitest";
import { Double, formatDate, formatDouble } from "../../../src/server/admin/java-text.ts";

describe("formatDouble()", () => {
  it.each([
    [0, "0.0"],
    [12, "12.0"],
    [1.5, "1.5"],
    [0.96699, "0.967"],
    [1 / 3, "0.3333"],
  ])("writes %d as Java does", (value, text) => {
    expect(formatDouble(value)).toBe(text);
    expect(String(new Double(value))).toBe(text);
    expect(JSON.stringify(new Double(value))).toBe(String(Number(text)));
  });
});

describe("formatDate()", () => {
  it("writes what Java's Date prints, in UTC", () => {
    expect(formatDate(Date.UTC(2026, 10, 1, 3, 4, 5))).toBe("Sun Nov 01 03:04:05 UTC 2026");
  });
});
