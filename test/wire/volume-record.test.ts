import { describe, expect, it } from "vitest";
import {
  formatVolumeRecord,
  isEnsembleId,
  parseVolumeRecord,
  plainVolume,
} from "../../src/wire/volume-record.ts";
import { WireError } from "../../src/wire/wire-error.ts";

describe("parseVolumeRecord()", () => {
  it("reads what formatVolumeRecord() writes", () => {
    const record = { ensembleId: "a-1", isIdSettled: true, isIncomplete: true };
    expect(parseVolumeRecord(formatVolumeRecord(record))).toEqual(record);
    expect(parseVolumeRecord(formatVolumeRecord(plainVolume))).toEqual(plainVolume);
  });

  it("refuses what is cut short, of a later version, or nothing of the kind", () => {
    const text = formatVolumeRecord(plainVolume);
    const bad = ["", "null", "[]", text.slice(0, 20), text.replace('"version":1', '"version":2')];
    for (const each of bad) expect(() => parseVolumeRecord(each)).toThrow(WireError);
  });
});

describe("isEnsembleId()", () => {
  it("takes UUIDs and names like them", () => {
    expect(isEnsembleId("0f8fad5b-d9cb-469f-a165-70867728950e")).toBe(true);
    for (const text of ["", "-a", "a b", "a\n", "ä", "a".repeat(65)]) {
      expect(isEnsembleId(text)).toBe(false);
    }
  });
});
