import { describe, expect, it } from "vitest";
import { checkSettings } from "../../src/cli/check-settings.ts";

describe("checkSettings()", () => {
  it("accepts settings that a member accepts", () => {
    const settings = { tickTime: "100", minSessionTimeout: "90000", maxSessionTimeout: "99000" };
    expect(checkSettings(settings)).toEqual([]);
  });

  it("reports each unknown or bad setting", () => {
    expect(checkSettings({ tickTme: "1", foo: "1", snapCount: "a\nb" })).toEqual([
      "tickTme: unknown setting; did you mean 'tickTime'?",
      "foo: unknown setting",
      "snapCount: expected a whole number of transactions, 2 or more, found 'a b'",
    ]);
  });

  it("reports settings that contradict each other", () => {
    expect(checkSettings({ maxSessionTimeout: "1000", tickTime: "2000" })).toEqual([
      expect.stringMatching(/^maxSessionTimeout: expected minSessionTimeout \(4000 ms\)/u),
    ]);
  });
});
