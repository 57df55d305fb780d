/**
 * How a server shows its metrics: which of ZooKeeper's metrics providers the file names, and where
 * Prometheus's listens.
 */
import type { ConfigValues } from "./config-values.ts";

/** Which provider: what `mntr` shows; that and Prometheus's endpoint; or nothing. */
export type MetricsProviderName = "default" | "prometheus" | "none";

/** How metrics are shown. */
export interface MetricsConfig {
  /** @default "default" */
  readonly provider: MetricsProviderName;
  /** Where Prometheus's provider listens; port 0 takes any free one. @default 0.0.0.0 and 7000 */
  readonly host: string;
  readonly port: number;
  /** Whether Prometheus gets the metrics of the process too. @default true */
  readonly exportRuntime: boolean;
}

const providers: ReadonlyMap<string, MetricsProviderName> = new Map([
  ["org.apache.zookeeper.metrics.impl.DefaultMetricsProvider", "default"],
  ["org.apache.zookeeper.metrics.impl.NullMetricsProvider", "none"],
  ["org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider", "prometheus"],
]);

/** @throws ConfigError when the class is none of ZooKeeper's. */
export function readMetricsConfig(values: ConfigValues): MetricsConfig {
  const className = values.text("metricsProvider.className");
  const provider = className === null ? "default" : providers.get(className);
  if (provider === undefined) {
    throw values.error("metricsProvider.className", `one of ${[...providers.keys()].join(", ")}`);
  }
  return {
    provider,
    host: values.text("metricsProvider.httpHost") ?? "0.0.0.0",
    port: values.integer("metricsProvider.httpPort"),
    exportRuntime: values.boolean("metricsProvider.exportJvmInfo"),
  };
}
