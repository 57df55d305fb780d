/** The endpoint for Prometheus, on a server that works. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OpCode } from "../../src/wire/index.ts";
import { findFreePorts } from "../compat/support/ports.ts";
import { RawClient, body } from "./support/raw-client.ts";
import { TestEnsemble } from "./support/test-ensemble.ts";

describe("A server with Prometheus's metrics provider", () => {
  let ensemble: TestEnsemble;
  let url: string;

  beforeAll(async () => {
    const [port = 0] = await findFreePorts(1);
    url = `http://127.0.0.1:${port}`;
    ensemble = await TestEnsemble.start(1, {
      "metricsProvider.className":
        "org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider",
      "metricsProvider.httpHost": "127.0.0.1",
      "metricsProvider.httpPort": port,
    });
  });

  afterAll(() => ensemble.dispose());

  /** Each sample's value by its name with labels. */
  async function scrape(): Promise<Map<string, number>> {
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const lines = (await response.text()).split("\n").filter((line) => /^\w/u.test(line));
    return new Map(
      lines.map((line) => {
        const at = line.lastIndexOf(" ");
        return [line.slice(0, at), Number(line.slice(at + 1))];
      }),
    );
  }

  it("counts what clients do", async () => {
    const before = await scrape();
    const { client } = await RawClient.open(ensemble.clientPort(1));
    await client.call(1, OpCode.create, body.create("/measured"));
    await client.call(2, OpCode.getData, body.read("/measured", true));
    await client.call(3, OpCode.getData, body.read("/missing"));
    const { client: other } = await RawClient.open(ensemble.clientPort(1));
    await other.call(1, OpCode.setData, body.setData("/measured", "x"));
    const after = await scrape();
    const gained = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
    expect(gained("znode_count")).toBe(1);
    // A ConnectRequest is a packet as well.
    expect(gained("packets_received")).toBe(6);
    expect(gained("readlatency_count")).toBe(2);
    expect(gained("updatelatency_count")).toBe(2);
    expect(gained('ensemble_request_duration_seconds_count{op="getData"}')).toBe(2);
    expect(gained('ensemble_request_duration_seconds_bucket{op="create",le="+Inf"}')).toBe(1);
    expect(gained('ensemble_request_errors_total{code="noNode"}')).toBe(1);
    expect(gained("node_changed_watch_count_sum")).toBe(1);
    expect(gained("connection_request_count")).toBe(2);
    expect(gained("proposal_count")).toBe(4);
    expect(gained("commit_count")).toBe(4);
    expect(gained("bytes_received_count")).toBeGreaterThan(100);
    expect(gained("fsynctime_count")).toBeGreaterThan(0);
    expect(after.get("num_alive_connections")).toBe(2);
    expect(after.get("dbinittime_count")).toBe(1);
    expect(after.get("election_time_count")).toBe(1);
    expect(after.get("open_file_descriptor_count")).toBeGreaterThan(10);
    expect(after.get("nodejs_eventloop_lag_p99_seconds")).toBeDefined();
    expect(after.get('jvm_memory_bytes_used{area="heap"}')).toBeGreaterThan(1e6);
    expect(after.has("quorum_size")).toBe(false);
    await client.destroy();
    await other.destroy();
  });

  it("answers nothing else", async () => {
    expect((await fetch(`${url}/`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: "POST" })).status).toBe(405);
  });
});
