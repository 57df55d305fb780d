/** The face of `metrics/`: what a server counts, and how it is shown. */
export { readFileDescriptors } from "./file-descriptors.ts";
export { MetricsService } from "./metrics-service.ts";
export { readQuotaGauges } from "./quota-gauges.ts";
export type { LeaderGauges, ServerGauges } from "./server-gauges.ts";
export type { MetricPair } from "./metric-pairs.ts";
export { ServerMetrics } from "./server-metrics.ts";
