import { describe, expect, it } from "vitest";
import { formatQuotaFigures, parseQuotaFigures } from "../../src/tree/quota-figures.ts";

const reformat = (text: string): string => formatQuotaFigures(parseQuotaFigures(Buffer.from(text)));

describe("The text of quota nodes", () => {
  it.each([
    "count=5,bytes=100",
    "count=-1,bytes=-1",
    "count=-1,bytes=-1=;byteHardLimit=200",
    "count=2,bytes=3=;byteHardLimit=9223372036854775807;countHardLimit=4",
  ])("is written as it was read: %s", (text) => {
    expect(reformat(text)).toBe(text);
  });

  it.each([
    ["", "count=-1,bytes=-1"],
    ["bytes=7", "count=-1,bytes=7"],
    ["count=,bytes==4;;x", "count=-1,bytes=-1"],
    ["count=+3;bytes=1e9", "count=3,bytes=-1"],
    ["nonsense=1\0", "count=-1,bytes=-1"],
  ])("is read for what there is in it: %j", (text, expected) => {
    expect(reformat(text)).toBe(expected);
  });

  it("says nothing when there is none", () => {
    expect(parseQuotaFigures(null).size).toBe(0);
  });
});
