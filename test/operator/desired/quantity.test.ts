import { expect, it } from "vitest";
import { isLess } from "../../../src/operator/desired/quantity.ts";

it.each([
  ["1Gi", "2Gi"],
  ["1G", "1Gi"],
  ["1023Mi", "1Gi"],
  ["0.5Ti", "513Gi"],
  ["1e9", "1Gi"],
  ["1E", "1Ei"],
  ["999", "1k"],
  ["1500m", "3"],
])("isLess() has %s below %s", (left, right) => {
  expect(isLess(left, right)).toBe(true);
  expect(isLess(right, left)).toBe(false);
});

it.each([
  ["1Gi", "1024Mi"],
  ["1.1Gi", "1181116006400m"],
  ["1500m", "2"],
  ["10G", "1e10"],
  ["1E3", "1k"],
])("isLess() has %s and %s as the same", (left, right) => {
  expect(isLess(left, right)).toBe(false);
  expect(isLess(right, left)).toBe(false);
});

it.each(["", "much", "1Xi", "Gi"])("isLess() is never so for '%s'", (text) => {
  expect(isLess(text, "1Gi")).toBe(false);
  expect(isLess("1Gi", text)).toBe(false);
});
