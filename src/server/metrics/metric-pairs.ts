/**
 * Metrics as `mntr` and the admin server's `monitor` show them: a name and a value for each line,
 * in the form of the metrics provider that is configured (ZooKeeper 3.9 `MetricsProvider.dump`).
 * The default provider has minimum, mean and quantiles of all that was measured; Prometheus's has
 * its own sample names and windows. Numbers are whole but for means, as tools take the type of a
 * field from its first value.
 */
import type { MetricsProviderName } from "../config/index.ts";
import type { MetricRow, Reading, SummaryRow } from "./metric-row.ts";
import { samplesOf } from "./metric-samples.ts";

/**
 * A line's name, without `zk_`, its value, and whether Java has the value as a floating-point
 * number, which it prints with a decimal point even when it is whole.
 */
export type MetricPair = readonly [name: string, value: number, isDecimal: boolean];

const quantiles: readonly (readonly [name: string, q: number])[] = [
  ["p50", 0.5],
  ["p95", 0.95],
  ["p99", 0.99],
  ["p999", 0.999],
];

/** All of `rows` as `provider` shows them; none for the provider that keeps nothing. */
export function formatMetricPairs(
  rows: readonly MetricRow[],
  reading: Reading,
  provider: MetricsProviderName,
): MetricPair[] {
  if (provider === "none") return [];
  if (provider === "prometheus") return rows.flatMap((row) => prometheusPairs(row, reading));
  return rows.flatMap((row) => defaultPairs(row, reading));
}

function defaultPairs(row: MetricRow, reading: Reading): MetricPair[] {
  if (row.type === "histogram") return [];
  if (row.type === "summary") return summaryPairs(row, reading);
  if ("label" in row) {
    return Array.from(row.readAll(reading), ([key, value]) => whole(`${key}_${row.name}`, value));
  }
  const value = row.read(reading);
  if (value === null) return [];
  return [row.name === "avg_latency" ? mean(row.name, value) : whole(row.name, value)];
}

function summaryPairs({ name, isDetailed, read }: SummaryRow, reading: Reading): MetricPair[] {
  const summary = read(reading);
  const pairs: MetricPair[] = [
    mean(`avg_${name}`, summary.mean),
    whole(`min_${name}`, summary.min),
    whole(`max_${name}`, summary.max),
    whole(`cnt_${name}`, summary.count),
    whole(`sum_${name}`, summary.sum),
  ];
  if (!isDetailed) return pairs;
  for (const [prefix, q] of quantiles) {
    const value = summary.count === 0 ? 0 : summary.quantile(q);
    pairs.push(whole(`${prefix}_${name}`, value));
  }
  return pairs;
}

function prometheusPairs(row: MetricRow, reading: Reading): MetricPair[] {
  return samplesOf(row, reading).map(({ name, labels, value }) => {
    const texts = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
    return [texts.length === 0 ? name : `${name}{${texts.join(",")}}`, value, true];
  });
}

function mean(name: string, value: number): MetricPair {
  return [name, Math.round(value * 10_000) / 10_000, true];
}

function whole(name: string, value: number): MetricPair {
  return [name, Math.round(value), false];
}
