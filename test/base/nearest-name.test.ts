import { describe, expect, it } from "vitest";
import { nearestName } from "../../src/base/index.ts";

describe("nearestName()", () => {
  const known = ["replicas", "config", "storage", "tickTime"];

  it.each([
    ["replica", "replicas"],
    ["Replicas", "replicas"],
    ["repilcas", "replicas"],
    ["confg", "config"],
    ["ticktime", "tickTime"],
    ["image", null],
    ["x", null],
    ["", null],
  ])("of %j is %j", (name, expected) => {
    expect(nearestName(name, known)).toBe(expected);
  });
});
