import { describe, expect, it } from "vitest";
import { nullLogger } from "../../src/observe/index.ts";
import type { LogFields } from "../../src/observe/index.ts";
import { RateLimitedLog } from "../../src/server/limits/index.ts";
import { QuotaReport } from "../../src/server/quota-report.ts";

describe("QuotaReport", () => {
  it("counts every refusal and warns of a quota now and then", () => {
    let nowMs = 0;
    const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs };
    const warnings: unknown[] = [];
    const warn = (_: string, fields?: LogFields): void => {
      warnings.push([fields?.["path"], fields?.["unit"], fields?.["leftOut"]]);
    };
    const report = new QuotaReport(new RateLimitedLog({ ...nullLogger, warn }, clock));
    const excess = { isHard: true, used: 3n, limit: 2n, refused: true };
    for (nowMs of [0, 1, 4_999, 5_000]) report.add({ path: "/a/b", unit: "count", ...excess });
    report.add({ path: "/a/b", unit: "bytes", ...excess, refused: false });
    expect(warnings).toEqual([
      ["/a/b", "count", undefined],
      ["/a/b", "count", 2],
      ["/a/b", "bytes", undefined],
    ]);
    expect([...report.refusals]).toEqual([["a", 4]]);
  });
});
