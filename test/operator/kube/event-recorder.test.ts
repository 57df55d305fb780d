/** Events: what is joined, what is bounded, and that nobody is harmed by an API server without them. */

import { afterEach, expect, test } from "vitest";
import { nullLogger } from "../../../src/observe/index.ts";
import { EventRecorder } from "../../../src/operator/kube/index.ts";
import { sendStatus } from "./support/fake-api-server.ts";
import type { SeenRequest } from "./support/fake-api-server.ts";
import { openFixture } from "./support/fixture.ts";
import type { Fixture } from "./support/fixture.ts";
import { until } from "./support/manual-timers.ts";

const SUBJECT = {
  apiVersion: "ensemble.dev/v1",
  kind: "Ensemble",
  namespace: "default",
  name: "zk",
  uid: "uid-1",
};

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function prepare(): Promise<Fixture & { recorder: EventRecorder }> {
  const fixture = await openFixture();
  closers.push(() => fixture.close());
  const { client, timers } = fixture;
  const recorder = new EventRecorder({
    client,
    timers,
    logger: nullLogger,
    controller: "ensemble.dev/operator",
    instance: "operator-0",
  });
  return { ...fixture, recorder };
}

function note(text: string) {
  return { type: "Normal", reason: "PodDeleted", action: "Roll", note: text } as const;
}

function pathsOf(requests: readonly SeenRequest[]): Set<string> {
  return new Set(requests.map(({ path }) => path));
}

test("record() writes an Event as the API wants it", async () => {
  const { server, recorder } = await prepare();
  recorder.record(SUBJECT, note("Pod zk-0 is out of date"));
  await recorder.flush();
  const { path, body } = server.last("PATCH");
  expect(path).toMatch(/^\/apis\/events\.k8s\.io\/v1\/namespaces\/default\/events\/zk\.[0-9a-f]+$/);
  expect(body).toMatchObject({
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    type: "Normal",
    reason: "PodDeleted",
    action: "Roll",
    note: "Pod zk-0 is out of date",
    regarding: SUBJECT,
    reportingController: "ensemble.dev/operator",
    reportingInstance: "operator-0",
  });
  // Times of three digits are refused: row 13.
  expect(body["eventTime"]).toMatch(/T[\d:]{8}\.\d{6}Z$/);
  expect(body).not.toHaveProperty("series");
});

test("record() counts what is said again in the same Event, once a minute at most", async () => {
  const { server, timers, recorder } = await prepare();
  for (let count = 1; count <= 10; count += 1) recorder.record(SUBJECT, note("again"));
  await recorder.flush();
  expect(server.last("PATCH").body["series"]).toMatchObject({ count: 10 });
  const before = server.count("PATCH");
  expect(before).toBeLessThanOrEqual(2);
  timers.advance(61_000);
  recorder.record(SUBJECT, note("again"));
  await recorder.flush();
  expect(server.count("PATCH")).toBe(before + 1);
  expect(server.last("PATCH").body["series"]).toMatchObject({ count: 11 });
  expect(pathsOf(server.requests).size).toBe(1);
});

test("record() begins another Event after some minutes of silence", async () => {
  const { server, timers, recorder } = await prepare();
  recorder.record(SUBJECT, note("now and then"));
  await recorder.flush();
  timers.advance(10 * 60_000);
  recorder.record(SUBJECT, note("now and then"));
  await recorder.flush();
  expect(pathsOf(server.requests).size).toBe(2);
});

test("record() has a budget for each object, which refills slowly", async () => {
  const { server, timers, recorder } = await prepare();
  for (let index = 0; index < 100; index += 1) recorder.record(SUBJECT, note(`pod ${index}`));
  recorder.record({ ...SUBJECT, name: "other", uid: "uid-2" }, note("pod"));
  await recorder.flush();
  expect(server.count("PATCH")).toBe(26);
  expect(recorder.dropped).toBe(75);
  timers.advance(2 * 5 * 60_000);
  for (let index = 0; index < 5; index += 1) recorder.record(SUBJECT, note(`later ${index}`));
  await recorder.flush();
  expect(server.count("PATCH")).toBe(28);
});

test("record() drops Events when the API server takes none, and goes on", async () => {
  const { server, recorder } = await prepare();
  server.next("PATCH", (response) => sendStatus(response, 403, "Forbidden"));
  recorder.record(SUBJECT, note("lost"));
  await recorder.flush();
  recorder.record(SUBJECT, note("seen"));
  await recorder.flush();
  expect(recorder.dropped).toBe(1);
  expect(server.last("PATCH").body["note"]).toBe("seen");
});

test("record() keeps a bounded number waiting while the API server hangs", async () => {
  const { server, recorder } = await prepare();
  const hanging: (() => void)[] = [];
  server.next("PATCH", (response) => {
    hanging.push(() => sendStatus(response, 500, "InternalError"));
  });
  for (let index = 0; index < 200; index += 1) {
    recorder.record({ ...SUBJECT, uid: `uid-${index}` }, note("many"));
  }
  await until(() => hanging.length === 1);
  expect(recorder.dropped).toBe(71);
  hanging[0]?.();
  await recorder.flush();
  expect(server.count("PATCH")).toBe(129);
});
