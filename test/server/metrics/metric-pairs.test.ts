import { describe, expect, it } from "vitest";
import { Summary } from "../../../src/observe/index.ts";
import { formatMetricPairs } from "../../../src/server/metrics/metric-pairs.ts";
import type { Reading } from "../../../src/server/metrics/metric-row.ts";
import { METRIC_ROWS } from "../../../src/server/metrics/metric-table.ts";
import { ServerMetrics } from "../../../src/server/metrics/server-metrics.ts";
import { ErrorCode, OpCode } from "../../../src/wire/index.ts";

function reading(gauges: Partial<Reading["gauges"]> = {}): Reading {
  return {
    counters: new ServerMetrics(0),
    syncMs: new Summary(),
    snapshotMs: new Summary(),
    gauges: {
      latencyMinMs: 0,
      latencyMeanMs: 0,
      latencyMaxMs: 0,
      packetsReceived: 0,
      packetsSent: 0,
      connections: 0,
      outstandingRequests: 0,
      largeReplies: 0,
      largeRequestsRefused: 0,
      requestsHeld: 0,
      connectionsThrottled: 0,
      fileDescriptors: null,
      uptimeMs: 0,
      nodes: 5,
      watches: 0,
      ephemerals: 0,
      dataBytes: 0,
      globalSessions: 0,
      localSessions: 0,
      quorumSize: null,
      syncedObservers: 0,
      leader: null,
      logPendingBytes: 0,
      quotas: [],
      quotaRefusals: new Map(),
      isDiskFull: false,
      isDiskStalled: false,
      isQuarantined: false,
      quarantineCount: 0,
      ...gauges,
    },
  };
}

function pairs(at: Reading, provider: "default" | "prometheus" | "none" = "default") {
  const all = formatMetricPairs(METRIC_ROWS, at, provider);
  return new Map(all.map(([name, value, isDecimal]) => [name, { value, isDecimal }]));
}

describe("formatMetricPairs()", () => {
  it("shows gauges and counters as whole numbers and means as decimal ones", () => {
    const shown = pairs(reading({ latencyMeanMs: 0.80372, latencyMaxMs: 15.6 }));
    expect(shown.get("znode_count")).toEqual({ value: 5, isDecimal: false });
    expect(shown.get("max_latency")).toEqual({ value: 16, isDecimal: false });
    expect(shown.get("avg_latency")).toEqual({ value: 0.8037, isDecimal: true });
  });

  it("shows quotas by the first name of their paths", () => {
    const quota = { countLimit: 9, bytesLimit: -1, countUsage: 3, bytesUsage: 40 };
    const shown = pairs(reading({ quotas: [{ namespace: "app", ...quota }] }));
    expect(shown.get("app_quota_count_limit_per_namespace")?.value).toBe(9);
    expect(shown.get("app_quota_bytes_usage_per_namespace")?.value).toBe(40);
  });

  it("shows a summary as mean, extremes, count and sum, and a detailed one with quantiles", () => {
    const at = reading();
    at.syncMs.add(3);
    at.counters.requestTimes.add(OpCode.getData, 2);
    at.counters.requestTimes.add(OpCode.create, 70);
    const shown = pairs(at);
    const of = (...names: string[]): unknown[] => names.map((name) => shown.get(name)?.value);
    expect(of("avg_fsynctime", "min_fsynctime", "max_fsynctime")).toEqual([3, 3, 3]);
    expect(of("cnt_fsynctime", "sum_fsynctime", "p50_fsynctime")).toEqual([1, 3, undefined]);
    expect(of("p50_readlatency", "p95_readlatency", "p99_readlatency")).toEqual([2, 2, 2]);
    expect(of("p999_readlatency", "cnt_readlatency", "p99_updatelatency")).toEqual([2, 1, 70]);
  });

  it("leaves out what does not apply to the server's role", () => {
    expect(pairs(reading()).has("learners")).toBe(false);
    expect(pairs(reading()).has("quorum_size")).toBe(false);
    const leader = { learners: 2, syncedFollowers: 1, pendingSyncs: 0, uptimeMs: 9 };
    const shown = pairs(reading({ quorumSize: 3, leader }));
    expect(shown.get("synced_followers")?.value).toBe(1);
    expect(shown.get("quorum_size")?.value).toBe(3);
  });

  it("has Prometheus's names for Prometheus's provider", () => {
    const at = reading();
    at.syncMs.add(4);
    at.counters.noteError(ErrorCode.noNode);
    const shown = pairs(at, "prometheus");
    expect(shown.get('fsynctime{quantile="0.5"}')).toEqual({ value: 4, isDecimal: true });
    expect(shown.get("fsynctime_count")?.value).toBe(1);
    expect(shown.get('ensemble_request_errors_total{code="noNode"}')?.value).toBe(1);
    expect(shown.get('ensemble_fsync_duration_seconds_bucket{le="0.004"}')?.value).toBe(0);
    expect(shown.get('ensemble_fsync_duration_seconds_bucket{le="0.008"}')?.value).toBe(1);
    expect(shown.get('readlatency{quantile="0.5"}')?.value).toBeNaN();
  });

  it("has nothing for the null provider", () => {
    expect(pairs(reading(), "none").size).toBe(0);
  });
});
