/**
 * Turns measured rounds into the table that people read: one row per side and load, then a row of
 * ratios. Every figure is the median over the rounds of that side; the spread of the throughput
 * (lowest to highest round) stands beside it, so that a reader sees how far to trust a ratio.
 */
import type { LoadResult } from "./load-run.ts";
import { formatCount, formatMebibytes, formatShort, median, sum } from "./numbers.ts";
import type { SideName } from "./side.ts";
import type { Mix } from "./workload.ts";

/** All rounds of one side under one load. */
export interface Series {
  readonly side: SideName;
  readonly serverCount: number;
  readonly mix: Mix;
  readonly rounds: readonly LoadResult[];
}

/** Medians of a series. */
export interface Summary {
  readonly opsPerSecond: number;
  readonly opsPerSecondMin: number;
  readonly opsPerSecondMax: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of all servers together, per operation. */
  readonly serverCpuUsPerOp: number;
  readonly loadCpuUsPerOp: number;
  /** Of one server: the mean over the servers. */
  readonly rssBytes: number;
  /** Of the server that had the most. */
  readonly rssPeakBytes: number;
  /** Part of the machine's processor time (0..1) that went to neither servers nor load. */
  readonly othersCpuShare: number;
  /** Replies with an error code, over all rounds. */
  readonly errors: number;
}

/** A table: the first row is the head. */
export type Table = readonly (readonly string[])[];

const HEAD = [
  "Servers",
  "Load",
  "Side",
  "Ops/s",
  "Spread",
  "p50 ms",
  "p99 ms",
  "Server CPU µs/op",
  "Load CPU µs/op",
  "RSS MiB/server",
  "Peak RSS MiB",
  "Others' CPU",
  "Errors",
] as const;

/** Columns of text, which stand to the left; numbers stand to the right. */
const TEXT_COLUMNS = 3;

/** Medians of a series; it must have at least one round. */
export function summarise({ rounds }: Series): Summary {
  const of = (pick: (round: LoadResult) => number): number[] => rounds.map(pick);
  const throughput = of((round) => round.opsPerSecond);
  const cpuOf = ({ servers }: LoadResult): number => sum(servers.map((each) => each.cpuSeconds));
  const rssOf = ({ servers }: LoadResult): number =>
    sum(servers.map((each) => each.rssBytes)) / servers.length;
  const peaks = rounds.flatMap(({ servers }) => servers.map((each) => each.rssPeakBytes));
  return {
    opsPerSecond: median(throughput),
    opsPerSecondMin: Math.min(...throughput),
    opsPerSecondMax: Math.max(...throughput),
    p50Ms: median(of((round) => round.p50Ms)),
    p99Ms: median(of((round) => round.p99Ms)),
    serverCpuUsPerOp: median(of((round) => (cpuOf(round) / round.ops) * 1e6)),
    loadCpuUsPerOp: median(of((round) => (round.loadCpuSeconds / round.ops) * 1e6)),
    rssBytes: median(of(rssOf)),
    rssPeakBytes: Math.max(...peaks),
    othersCpuShare: median(of((round) => round.othersCpuShare)),
    errors: sum(of((round) => round.errors)),
  };
}

/** The whole table, with a row of ratios (ours to Apache's) wherever both were measured. */
export function buildTable(allSeries: readonly Series[]): Table {
  const rows: string[][] = [[...HEAD]];
  for (const series of allSeries) {
    rows.push(summaryRow(series, summarise(series)));
    const ours = allSeries.find((each) => each.side === "ours" && isSameLoad(each, series));
    if (series.side === "apache" && ours !== undefined) {
      rows.push(ratioRow(series, summarise(ours), summarise(series)));
    }
  }
  return rows;
}

/** The table as aligned text. */
export function formatText(table: Table): string {
  const widths = columnWidths(table);
  return table.map((row) => row.map((cell, at) => pad(cell, at, widths)).join("  ")).join("\n");
}

/** The table in Markdown. */
export function formatMarkdown(table: Table): string {
  const widths = columnWidths(table);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rules = widths.map((width, at) =>
    at < TEXT_COLUMNS ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  const [head, ...body] = table.map((row) => line(row.map((cell, at) => pad(cell, at, widths))));
  return [head, line(rules), ...body].join("\n");
}

function summaryRow(series: Series, summary: Summary): string[] {
  return [
    String(series.serverCount),
    series.mix,
    series.side,
    formatCount(summary.opsPerSecond),
    `${formatCount(summary.opsPerSecondMin)}–${formatCount(summary.opsPerSecondMax)}`,
    formatShort(summary.p50Ms),
    formatShort(summary.p99Ms),
    formatShort(summary.serverCpuUsPerOp),
    formatShort(summary.loadCpuUsPerOp),
    formatMebibytes(summary.rssBytes),
    formatMebibytes(summary.rssPeakBytes),
    `${formatCount(summary.othersCpuShare * 100)} %`,
    formatCount(summary.errors),
  ];
}

function ratioRow(series: Series, ours: Summary, apache: Summary): string[] {
  const ratio = (pick: (summary: Summary) => number): string =>
    `${(pick(ours) / pick(apache)).toFixed(2)}×`;
  return [
    String(series.serverCount),
    series.mix,
    "ratio",
    ratio((summary) => summary.opsPerSecond),
    "",
    ratio((summary) => summary.p50Ms),
    ratio((summary) => summary.p99Ms),
    ratio((summary) => summary.serverCpuUsPerOp),
    "",
    ratio((summary) => summary.rssBytes),
    ratio((summary) => summary.rssPeakBytes),
    "",
    "",
  ];
}

function isSameLoad(left: Series, right: Series): boolean {
  return left.serverCount === right.serverCount && left.mix === right.mix;
}

function columnWidths(table: Table): number[] {
  return HEAD.map((_, at) => Math.max(3, ...table.map((row) => row[at]?.length ?? 0)));
}

function pad(cell: string, column: number, widths: readonly number[]): string {
  const width = widths[column] ?? 0;
  return column < TEXT_COLUMNS ? cell.padEnd(width) : cell.padStart(width);
}
