import { describe, expect, it } from "vitest";
import { Summary } from "../../src/observe/index.ts";

function summaryOf(values: Iterable<number>): Summary {
  const summary = new Summary();
  for (const value of values) summary.add(value);
  return summary;
}

describe("Summary", () => {
  it("has count, sum and extremes", () => {
    const summary = summaryOf([3, 1, 8]);
    expect(summary).toMatchObject({ count: 3, sum: 12, min: 1, max: 8, mean: 4 });
  });

  it("has zeros and no quantile while it is empty", () => {
    const summary = new Summary();
    expect(summary).toMatchObject({ count: 0, sum: 0, min: 0, max: 0, mean: 0 });
    expect(summary.quantile(0.5)).toBeNaN();
  });

  it("estimates quantiles to within an eighth", () => {
    const values = Array.from({ length: 10_000 }, (_, i) => 0.01 + i);
    const summary = summaryOf(values);
    for (const q of [0.1, 0.5, 0.9, 0.99, 0.999]) {
      const exact = values[Math.ceil(q * values.length) - 1]!;
      expect(Math.abs(summary.quantile(q) - exact) / exact).toBeLessThanOrEqual(0.125);
    }
  });

  it("takes values below and above its buckets", () => {
    const summary = summaryOf([0, 1e-9, 1e12]);
    expect(summary.quantile(0.5)).toBeLessThan(0.01);
    expect(summary.quantile(1)).toBeGreaterThan(2 ** 23);
    expect(summary.max).toBe(1e12);
  });

  it("never estimates beyond what it has seen", () => {
    const summary = summaryOf([5, 5, 5]);
    expect(summary.quantile(0.5)).toBe(5);
  });

  it("counts what is below a power of two", () => {
    const summary = summaryOf([0.5, 1, 1.5, 2, 3.9, 4, 1000]);
    expect([0, 1, 2, 3, 20].map((octave) => summary.countBelow(octave))).toEqual([1, 3, 5, 6, 7]);
  });

  it("forgets in its window what was added before the rotation before the last", () => {
    const summary = summaryOf([100, 100, 100]);
    expect(summary.quantile(0.5, "window")).toBe(100);
    summary.rotate();
    expect(summary.quantile(0.5, "window")).toBe(100);
    summary.add(1);
    summary.rotate();
    expect(summary.quantile(0.9, "window")).toBeCloseTo(1, 0);
    expect(summary.quantile(0.9)).toBe(100);
    summary.rotate();
    expect(summary.quantile(0.9, "window")).toBeNaN();
  });

  it("merges counts, extremes and windows", () => {
    const parts = [summaryOf([1, 2]), summaryOf([50]), new Summary()];
    for (const part of parts) part.rotate();
    parts[0]!.add(4);
    for (const part of parts) part.rotate();
    const merged = Summary.merged(parts);
    expect(merged).toMatchObject({ count: 4, sum: 57, min: 1, max: 50 });
    expect(merged.quantile(1, "window")).toBeCloseTo(4.5, 5);
  });

  it("begins anew after a reset", () => {
    const summary = summaryOf([7]);
    summary.rotate();
    summary.reset();
    summary.add(2);
    expect(summary).toMatchObject({ count: 1, sum: 2, min: 2, max: 2 });
    expect(summary.quantile(0.5, "window")).toBe(2);
  });
});
