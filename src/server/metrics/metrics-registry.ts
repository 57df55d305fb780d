/**
 * The registry of prom-client that the endpoint serves: the rows of the table, read when they are
 * asked for, and what the process and Node.js itself can tell (prom-client's default metrics).
 */
import { Registry, collectDefaultMetrics } from "prom-client";
import type { Metric } from "prom-client";
import type { MetricRow, Reading } from "./metric-row.ts";
import { samplesOf } from "./metric-samples.ts";
import { registerRuntimeMetrics } from "./runtime-metrics.ts";

/**
 * @param read takes a reading of the server.
 * @param exportRuntime whether the process's own metrics are in it (`exportJvmInfo`).
 */
export function createRegistry(
  rows: readonly MetricRow[],
  read: () => Reading,
  exportRuntime: boolean,
): Registry {
  const registry = new Registry();
  for (const row of rows) registry.registerMetric(metricOf(row, read));
  if (exportRuntime) {
    collectDefaultMetrics({ register: registry });
    registerRuntimeMetrics(registry);
  }
  return registry;
}

/**
 * A row as prom-client wants it. Its own classes keep the values that they are told; ours are kept
 * elsewhere, and all that a registry uses of a metric are its name and `get`.
 */
function metricOf(row: MetricRow, read: () => Reading): Metric {
  const { name, help, type } = row;
  const get = (): Promise<unknown> => {
    const values = samplesOf(row, read()).map(({ name: metricName, labels, value }) => {
      return { metricName, labels, value };
    });
    return Promise.resolve({ name, help, type, values, aggregator: "sum" });
  };
  return { name, get } as unknown as Metric;
}
