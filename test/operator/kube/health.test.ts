/** What probes and Prometheus are told, over HTTP. */

import { afterEach, expect, test } from "vitest";
import { nullLogger } from "../../../src/observe/index.ts";
import {
  KubeConnection,
  ObjectCache,
  RuntimeMetrics,
  TextServer,
  WorkQueue,
  findLivenessProblems,
  findReadinessProblems,
  keyOf,
  probePage,
} from "../../../src/operator/kube/index.ts";
import { sendStatus } from "./support/fake-api-server.ts";
import { CONFIG_MAP, configOf, openFixture } from "./support/fixture.ts";
import { until } from "./support/manual-timers.ts";

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function prepare(namespaces: readonly string[] = []) {
  const fixture = await openFixture();
  closers.push(() => fixture.close());
  const changes: string[] = [];
  const cache = new ObjectCache(fixture.dependencies, {
    types: [{ type: CONFIG_MAP }],
    namespaces,
    onChange: ({ plural }, name) => void changes.push(`${plural} ${keyOf(name)}`),
  });
  closers.push(() => cache.stop());
  const queue = { longestRunMs: 0 };
  return { ...fixture, cache, queue, changes };
}

test("readiness waits for the first whole list, and notices a watch that went silent", async () => {
  const { server, timers, cache, queue } = await prepare();
  server.next("LIST", (response) => sendStatus(response, 503, "ServiceUnavailable"));
  cache.start();
  await until(() => server.count("LIST") === 1);
  expect(findReadinessProblems({ cache, queue })).toEqual(["The cache is not complete yet"]);
  await until(() => timers.delays().includes(800));
  timers.advance(800);
  await until(() => server.watches === 1 && timers.delays().includes(150_000));
  expect(findReadinessProblems({ cache, queue })).toEqual([]);
  // The API server takes requests and never answers: the watch ends, the cache grows old.
  const hang = (): void => undefined;
  server.next("WATCH", hang, hang, hang, hang, hang);
  timers.advance(150_000);
  await until(() => server.watches === 0);
  expect(findReadinessProblems({ cache, queue })).toEqual([]);
  timers.advance(60_000);
  expect(findReadinessProblems({ cache, queue })).toEqual(["A watch has heard nothing for 210 s"]);
});

test("liveness is about work that never ends, not about the API server", async () => {
  const { cache, queue } = await prepare();
  expect(findLivenessProblems({ cache, queue })).toEqual([]);
  queue.longestRunMs = 900_000;
  expect(findLivenessProblems({ cache, queue })).toEqual([
    "A reconciliation has been running for 900 s",
  ]);
});

test("ObjectCache watches only the namespaces that it is given", async () => {
  const { server, cache, changes } = await prepare(["blue", "green"]);
  server.put("configmaps", "one", {}, "blue");
  server.put("configmaps", "two", {}, "green");
  server.put("configmaps", "three", {}, "red");
  cache.start();
  await until(() => cache.hasSynced && server.watches === 2);
  server.put("configmaps", "four", {}, "green");
  server.put("configmaps", "five", {}, "red");
  await until(() => changes.length === 3);
  expect(changes.sort()).toEqual([
    "configmaps blue/one",
    "configmaps green/four",
    "configmaps green/two",
  ]);
  expect(cache.get(CONFIG_MAP, { namespace: "green", name: "four" })).toBeDefined();
  expect(cache.get(CONFIG_MAP, { namespace: "red", name: "three" })).toBeUndefined();
  expect(cache.all(CONFIG_MAP).length).toBe(3);
  expect(server.requests.every(({ path }) => /namespaces\/(blue|green)\//.test(path))).toBe(true);
});

test("TextServer answers probes, and nothing that it does not know", async () => {
  const problems: string[] = [];
  const pages = { "/readyz": () => probePage(problems) };
  const server = new TextServer(pages, nullLogger);
  await server.listen(0, "127.0.0.1");
  closers.push(() => server.close());
  const origin = `http://127.0.0.1:${server.port}`;
  const read = async (path: string, method = "GET") => {
    const response = await fetch(origin + path, { method });
    return [response.status, await response.text()];
  };
  expect(await read("/readyz?verbose")).toEqual([200, "ok\n"]);
  problems.push("One thing", "another");
  expect(await read("/readyz")).toEqual([503, "One thing\nanother\n"]);
  expect(await read("/toString")).toEqual([404, "There is no such page\n"]);
  expect(await read("/readyz", "POST")).toEqual([405, "Only GET\n"]);
});

test("RuntimeMetrics has controller-runtime's names, fed by the queue and the client", async () => {
  const { server, timers, dependencies } = await prepare();
  let leads = false;
  const metrics: RuntimeMetrics = new RuntimeMetrics({
    controller: "ensemble",
    workersMax: 2,
    queue: () => queue,
    lease: { name: "ensemble-operator", isOurs: () => leads },
  });
  const queue: WorkQueue = new WorkQueue(
    { ...dependencies, observer: metrics },
    {
      workersMax: 2,
      work: async (key) => {
        if (key === "bad") throw new Error("on purpose");
        return Promise.resolve(key === "later" ? { requeueAfterMs: 1000 } : {});
      },
    },
  );
  closers.push(() => queue.stop());
  for (const key of ["good", "bad", "later"]) queue.add(key);
  timers.advance(2000);
  queue.start();
  await until(() => queue.depth === 0 && queue.running === 0);
  const connection = new KubeConnection(configOf(server), timers, (host, method, code) =>
    metrics.requested(host, method, code),
  );
  closers.push(() => {
    connection.close();
    return Promise.resolve();
  });
  const { signal } = new AbortController();
  (await connection.open({ method: "GET", path: "/api/v1/configmaps/none", signal })).resume();
  leads = true;
  const { text } = await metrics.render();
  const host = new URL(server.url).host;
  for (const line of [
    'controller_runtime_reconcile_total{controller="ensemble",result="success"} 1',
    'controller_runtime_reconcile_total{controller="ensemble",result="error"} 1',
    'controller_runtime_reconcile_total{controller="ensemble",result="requeue_after"} 1',
    'controller_runtime_reconcile_errors_total{controller="ensemble"} 1',
    'controller_runtime_reconcile_time_seconds_count{controller="ensemble"} 3',
    'controller_runtime_max_concurrent_reconciles{controller="ensemble"} 2',
    'workqueue_adds_total{name="ensemble",controller="ensemble"} 3',
    'workqueue_retries_total{name="ensemble",controller="ensemble"} 1',
    'workqueue_depth{name="ensemble",controller="ensemble"} 0',
    'workqueue_queue_duration_seconds_sum{name="ensemble",controller="ensemble"} 6',
    'workqueue_work_duration_seconds_count{name="ensemble",controller="ensemble"} 3',
    `rest_client_requests_total{host="${host}",method="GET",code="404"} 1`,
    'leader_election_master_status{name="ensemble-operator"} 1',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  expect(text).toContain("process_resident_memory_bytes");
});
