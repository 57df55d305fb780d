import { describe, expect, test } from "vitest";
import { Mix, RequestSource, nodePath, prepareFrames } from "../../bench/workload.ts";
import type { WorkloadOptions } from "../../bench/workload.ts";

const base: WorkloadOptions = { mix: Mix.reads, readRatio: 0.9, nodeCount: 50, valueBytes: 10 };

/** Opcode and path of each of the first `count` requests. */
function take(options: WorkloadOptions, count: number): { type: number; path: string }[] {
  const source = new RequestSource(options, prepareFrames(options), "test-0");
  const out = Buffer.alloc(source.frameBytesMax);
  return Array.from({ length: count }, (_, index) => {
    const end = source.writeNext(out, 0, index + 1);
    expect(out.readInt32BE(0)).toBe(end - 4);
    expect(out.readInt32BE(4)).toBe(index + 1);
    const pathEnd = 16 + out.readInt32BE(12);
    return { type: out.readInt32BE(8), path: out.toString("utf8", 16, pathEnd) };
  });
}

describe("RequestSource", () => {
  test("reads are getData, spread over all nodes", () => {
    const requests = take(base, 2_000);
    expect(new Set(requests.map(({ type }) => type))).toEqual(new Set([4]));
    expect(new Set(requests.map(({ path }) => path)).size).toBe(50);
    expect(requests.map(({ path }) => path)).toContain(nodePath(49));
  });

  test("writes are setData", () => {
    expect(take({ ...base, mix: Mix.writes }, 10).every(({ type }) => type === 5)).toBe(true);
  });

  test("mixed keeps to the ratio of reads", () => {
    const requests = take({ ...base, mix: Mix.mixed, readRatio: 0.75 }, 2_000);
    const reads = requests.filter(({ type }) => type === 4).length;
    expect(reads / requests.length).toBeCloseTo(0.75, 1);
  });

  test("creates never name a node twice", () => {
    const requests = take({ ...base, mix: Mix.creates }, 1_200);
    expect(new Set(requests.map(({ path }) => path)).size).toBe(1_200);
    expect(requests.at(-1)?.path).toMatch(/-0000001200$/);
  });
});
