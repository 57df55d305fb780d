import { describe, expect, test } from "vitest";
import type { LoadResult } from "../../bench/load-run.ts";
import { formatShort, median, parseNumber } from "../../bench/numbers.ts";
import { parseBusyTicks, parseCpuTicks, parseStatusBytes } from "../../bench/process-usage.ts";
import { buildTable, formatMarkdown, formatText, summarise } from "../../bench/report.ts";
import type { Series } from "../../bench/report.ts";
import { parseFileSystem } from "../../bench/workspace.ts";

function round(opsPerSecond: number): LoadResult {
  const server = { pid: 1, cpuSeconds: 1, rssBytes: 100 * 2 ** 20, rssPeakBytes: 120 * 2 ** 20 };
  return {
    ops: opsPerSecond,
    seconds: 1,
    opsPerSecond,
    p50Ms: 1,
    p99Ms: 2,
    p999Ms: 3,
    errors: 0,
    loadCpuSeconds: 0.5,
    othersCpuShare: 0.25,
    servers: [server, server],
  };
}

function series(side: Series["side"], opsPerSecond: readonly number[]): Series {
  return { side, serverCount: 2, mix: "reads", rounds: opsPerSecond.map(round) };
}

describe("report", () => {
  test("summarise() takes medians, and sums processor time over the servers", () => {
    const summary = summarise(series("apache", [1_000, 4_000, 2_000]));
    expect(summary.opsPerSecond).toBe(2_000);
    expect([summary.opsPerSecondMin, summary.opsPerSecondMax]).toEqual([1_000, 4_000]);
    expect(summary.serverCpuUsPerOp).toBe(1_000);
    expect(summary.loadCpuUsPerOp).toBe(250);
    expect(summary.rssBytes).toBe(100 * 2 ** 20);
  });

  test("buildTable() adds a row of ratios where both sides were measured", () => {
    const table = buildTable([series("ours", [3_000]), series("apache", [1_000])]);
    expect(table.map((row) => row[2])).toEqual(["Side", "ours", "apache", "ratio"]);
    expect(table.at(-1)?.[3]).toBe("3.00×");
    expect(buildTable([series("apache", [1_000])])).toHaveLength(2);
  });

  test("formatText() and formatMarkdown() align the columns", () => {
    const table = buildTable([series("ours", [3_000]), series("apache", [1_000])]);
    for (const text of [formatText(table), formatMarkdown(table)]) {
      expect(new Set(text.split("\n").map((line) => line.length)).size).toBe(1);
    }
  });
});

describe("numbers", () => {
  test("median() of an even count is the mean of the middle two", () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  test("formatShort() keeps three digits", () => {
    expect([0.01234, 4.567, 78.91, 1234.5].map(formatShort)).toEqual([
      "0.0123",
      "4.57",
      "78.9",
      "1,235",
    ]);
  });

  test("parseNumber() rejects what is no number or out of range", () => {
    for (const text of ["", "x", "0", "11"]) {
      expect(() => parseNumber("--n", text, 1, 10)).toThrow(/--n/);
    }
    expect(parseNumber("--n", "10", 1, 10)).toBe(10);
  });
});

describe("proc files", () => {
  test("parseCpuTicks() copes with a command name full of parentheses", () => {
    const stat = "7 (a) (b c) S 1 2 3 4 5 6 7 8 9 10 120 34 0 0 20";
    expect(parseCpuTicks(stat)).toBe(154);
  });

  test("parseBusyTicks() leaves out idle and waiting time, and guests counted twice", () => {
    const stat = "cpu  1 2 4 1000 2000 8 16 32 64 128\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
    expect(parseBusyTicks(stat)).toBe(63);
  });

  test("parseStatusBytes() reads kibibytes", () => {
    const status = "Name:\tnode\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
    expect(parseStatusBytes(status, "VmRSS")).toBe(1024 * 1024);
    expect(parseStatusBytes(status, "VmHWM")).toBe(2 * 1024 * 1024);
  });

  test("parseFileSystem() takes the innermost mount", () => {
    const mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /tmp/disk xfs rw 0 0\n";
    expect(parseFileSystem(mounts, "/var/x")).toBe("ext4");
    expect(parseFileSystem(mounts, "/tmp")).toBe("tmpfs");
    expect(parseFileSystem(mounts, "/tmp/disk/deep")).toBe("xfs");
    expect(parseFileSystem(mounts, "/tmpfoo")).toBe("ext4");
  });
});
