import { describe, expect, it } from "vitest";
import { RateLimiter } from "../../../src/server/admin/rate-limiter.ts";

describe("RateLimiter", () => {
  it("lets one call through in each interval, the first one at once", () => {
    let nowMs = 5;
    const clock = { monotonicMs: () => nowMs, wallMs: () => 0 };
    const limiter = new RateLimiter(clock, 100);
    expect([limiter.allow(), limiter.allow()]).toEqual([true, false]);
    nowMs = 104;
    expect(limiter.allow()).toBe(false);
    nowMs = 105;
    expect([limiter.allow(), limiter.allow()]).toEqual([true, false]);
  });
});
