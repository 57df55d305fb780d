import { describe, expect, it } from "vitest";
import { nullLogger } from "../../src/observe/index.ts";
import type { LogFields } from "../../src/observe/index.ts";
import { QuotaReport } from "../../src/server/quota-report.ts";

describe("QuotaReport", () => {
  it("counts every refusal and warns of a quota once in ten seconds", () => {
    let nowMs = 0;
    const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs };
    const warnings: unknown[] = [];
    const warn = (_: string, fields?: LogFields): void => {
      warnings.push([fields?.["path"], fields?.["unit"], fields?.["requests"]]);
    };
    const report = new QuotaReport(clock, { ...nullLogger, warn });
    const excess = { isHard: true, used: 3n, limit: 2n, refused: true };
    for (nowMs of [0, 1, 9_999, 10_000]) report.add({ path: "/a/b", unit: "count", ...excess });
    report.add({ path: "/a/b", unit: "bytes", ...excess, refused: false });
    expect(warnings).toEqual([
      ["/a/b", "count", 1],
      ["/a/b", "count", 3],
      ["/a/b", "bytes", 1],
    ]);
    expect([...report.refusals]).toEqual([["a", 4]]);
  });
});
