/**
 * The shape of one row of the table of metrics (`metric-table.ts`), and short forms to write rows
 * with. A row says what a metric is called and means, and where a reading of the server has it.
 */
import type { Summary } from "../../observe/index.ts";
import type { ServerGauges } from "./server-gauges.ts";
import type { ServerMetrics } from "./server-metrics.ts";

/** The server at one moment. */
export interface Reading {
  readonly counters: ServerMetrics;
  readonly gauges: ServerGauges;
  readonly syncMs: Summary;
  readonly snapshotMs: Summary;
}

interface Described {
  readonly name: string;
  /** One sentence, with the unit of the values. */
  readonly help: string;
}

/** A number; null where it does not apply, as to a server that does not lead. */
export interface NumberRow extends Described {
  readonly type: "counter" | "gauge";
  readonly read: (reading: Reading) => number | null;
}

/** One number for each value of a label. */
export interface LabelledRow extends Described {
  readonly type: "counter" | "gauge";
  readonly label: string;
  readonly readAll: (reading: Reading) => Iterable<readonly [key: string, value: number]>;
}

/** Quantiles, count and sum. */
export interface SummaryRow extends Described {
  readonly type: "summary";
  /** Whether quantiles besides the median are shown (ZooKeeper's `DetailLevel.ADVANCED`). */
  readonly isDetailed: boolean;
  readonly read: (reading: Reading) => Summary;
}

/** Durations by a label, or without one, in seconds. */
export interface HistogramRow extends Described {
  readonly type: "histogram";
  readonly label: string | null;
  /** Summaries of milliseconds; the key is the label's value. */
  readonly readAll: (reading: Reading) => Iterable<readonly [key: string, value: Summary]>;
}

export type MetricRow = NumberRow | LabelledRow | SummaryRow | HistogramRow;

export function counter(name: string, help: string, read: NumberRow["read"]): NumberRow {
  return { type: "counter", name, help, read };
}

export function gauge(name: string, help: string, read: NumberRow["read"]): NumberRow {
  return { type: "gauge", name, help, read };
}

export function summary(name: string, help: string, read: SummaryRow["read"]): SummaryRow {
  return { type: "summary", name, help, isDetailed: false, read };
}

export function detailed(name: string, help: string, read: SummaryRow["read"]): SummaryRow {
  return { type: "summary", name, help, isDetailed: true, read };
}
