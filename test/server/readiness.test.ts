import { describe, expect, it } from "vitest";
import { Readiness } from "../../src/server/readiness.ts";

describe("Readiness", () => {
  it("names every check that objects, in the order of the checks", () => {
    const readiness = new Readiness();
    expect(readiness.causes()).toEqual([]);
    const causes = ["not-serving", "disk-full"].map((code) => ({ code, message: code }));
    let isWell = false;
    readiness.add(() => causes[0]!);
    readiness.add(() => null);
    readiness.add(() => (isWell ? null : causes[1]!));
    expect(readiness.causes()).toEqual(causes);
    isWell = true;
    expect(readiness.causes()).toEqual([causes[0]]);
  });
});
