import { describe, expect, test } from "vitest";
import { LatencyHistogram } from "../../bench/histogram.ts";

describe("LatencyHistogram", () => {
  test("quantileUs() is exact below 256 microseconds", () => {
    const histogram = new LatencyHistogram();
    for (let latencyUs = 1; latencyUs <= 100; latencyUs += 1) {
      histogram.record(latencyUs);
    }
    expect(histogram.count).toBe(100);
    expect(histogram.quantileUs(0.5)).toBe(50);
    expect(histogram.quantileUs(0.99)).toBe(99);
    expect(histogram.quantileUs(1)).toBe(100);
  });

  test("quantileUs() of one value is within 0.4 % of it, at every power of two", () => {
    for (let exponent = 0; exponent < 31; exponent += 1) {
      for (const latencyUs of [2 ** exponent, 2 ** exponent + 1, 2 ** (exponent + 1) - 1]) {
        const histogram = new LatencyHistogram();
        histogram.record(latencyUs);
        const error = Math.abs(histogram.quantileUs(0.5) - latencyUs) / latencyUs;
        expect(error, `for ${latencyUs}`).toBeLessThanOrEqual(0.004);
      }
    }
  });

  test("quantileUs() never falls as latencies grow", () => {
    let previous = 0;
    for (let latencyUs = 1; latencyUs < 1e9; latencyUs = Math.ceil(latencyUs * 1.01)) {
      const histogram = new LatencyHistogram();
      histogram.record(latencyUs);
      expect(histogram.quantileUs(1)).toBeGreaterThanOrEqual(previous);
      previous = histogram.quantileUs(1);
    }
  });

  test("quantileUs() finds the slow tail", () => {
    const histogram = new LatencyHistogram();
    for (let count = 0; count < 990; count += 1) {
      histogram.record(100);
    }
    for (let count = 0; count < 10; count += 1) {
      histogram.record(50_000);
    }
    expect(histogram.quantileUs(0.99)).toBe(100);
    expect(histogram.quantileUs(0.999)).toBeCloseTo(50_000, -3);
  });

  test("quantileUs() of nothing is 0", () => {
    expect(new LatencyHistogram().quantileUs(0.5)).toBe(0);
  });

  test("record() counts values out of range at the ends", () => {
    const histogram = new LatencyHistogram();
    histogram.record(-5);
    histogram.record(1e12);
    expect(histogram.count).toBe(2);
    expect(histogram.quantileUs(0.5)).toBe(0);
    expect(histogram.quantileUs(1)).toBeGreaterThan(2e9);
  });
});
