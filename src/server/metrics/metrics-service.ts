/**
 * A server's metrics as they are asked for: by Prometheus over HTTP, and by `mntr` and the admin
 * server as pairs. Which provider the configuration names decides what there is, as in ZooKeeper:
 * the default one answers `mntr`, Prometheus's opens a port besides, the null one has nothing.
 */
import type { Logger } from "../../observe/index.ts";
import type { MetricsConfig } from "../config/index.ts";
import { ListenError } from "../listen-error.ts";
import { formatMetricPairs } from "./metric-pairs.ts";
import type { MetricPair } from "./metric-pairs.ts";
import type { Reading } from "./metric-row.ts";
import { METRIC_ROWS } from "./metric-table.ts";
import { MetricsEndpoint } from "./metrics-endpoint.ts";
import { createRegistry } from "./metrics-registry.ts";
import type { MetricSources } from "./server-gauges.ts";

/** Half of the time that quantiles look back at the most, in ms (ZooKeeper's 60 s). */
const rotateEveryMs = 60_000;

export class MetricsService {
  readonly #config: MetricsConfig;
  readonly #sources: MetricSources;
  readonly #endpoint: MetricsEndpoint | undefined;
  /** What the scrape under way shows, taken once for all rows. */
  #reading: Reading;
  #rotation: NodeJS.Timeout | undefined;

  constructor(config: MetricsConfig, sources: MetricSources, logger: Logger) {
    this.#config = config;
    this.#sources = sources;
    this.#reading = this.#read();
    if (config.provider !== "prometheus") return;
    const registry = createRegistry(METRIC_ROWS, () => this.#reading, config.exportRuntime);
    const scrape = (): Promise<string> => {
      this.#reading = this.#read();
      return registry.metrics();
    };
    const { host, port } = config;
    const { contentType } = registry;
    this.#endpoint = new MetricsEndpoint({ host, port, logger, scrape, contentType });
  }

  /** @throws ListenError when the port cannot be had. */
  async start(): Promise<void> {
    const endpoint = this.#endpoint;
    if (endpoint === undefined) return;
    await ListenError.wrap("metrics", () => endpoint.listen());
    this.#rotation = setInterval(() => {
      this.#rotate();
    }, rotateEveryMs);
    this.#rotation.unref();
  }

  stop(): void {
    clearInterval(this.#rotation);
    this.#endpoint?.close();
  }

  /** What `mntr` shows of the server besides its version and role; names have no `zk_` yet. */
  metricPairs(): MetricPair[] {
    return formatMetricPairs(METRIC_ROWS, this.#read(), this.#config.provider);
  }

  #read(): Reading {
    return { ...this.#sources, gauges: this.#sources.gauges() };
  }

  #rotate(): void {
    const { counters, syncMs, snapshotMs } = this.#sources;
    for (const summary of counters.summaries()) summary.rotate();
    syncMs.rotate();
    snapshotMs.rotate();
  }
}
