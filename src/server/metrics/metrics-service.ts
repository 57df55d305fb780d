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
import type { MetricSources } from "./server-gauges.ts";

/** Half of the time that quantiles look back at the most, in ms (ZooKeeper's 60 s). */
const rotateEveryMs = 60_000;

export class MetricsService {
  readonly #config: MetricsConfig;
  readonly #sources: MetricSources;
  readonly #logger: Logger;
  #endpoint: MetricsEndpoint | undefined;
  /** What the scrape under way shows, taken once for all rows. */
  #reading: Reading;
  #rotation: NodeJS.Timeout | undefined;

  constructor(config: MetricsConfig, sources: MetricSources, logger: Logger) {
    this.#config = config;
    this.#sources = sources;
    this.#logger = logger;
    this.#reading = this.#read();
  }

  /** @throws ListenError when the port cannot be had. */
  async start(): Promise<void> {
    if (this.#config.provider !== "prometheus") return;
    const endpoint = await this.#createEndpoint();
    this.#endpoint = endpoint;
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

  /** Loads prom-client, which takes 20 MB of memory, where it is wanted. */
  async #createEndpoint(): Promise<MetricsEndpoint> {
    const { createRegistry } = await import("./metrics-registry.ts");
    const { host, port, exportRuntime } = this.#config;
    const registry = createRegistry(METRIC_ROWS, () => this.#reading, exportRuntime);
    const scrape = (): Promise<string> => {
      this.#reading = this.#read();
      return registry.metrics();
    };
    const { contentType } = registry;
    return new MetricsEndpoint({ host, port, logger: this.#logger, scrape, contentType });
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
