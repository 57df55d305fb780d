/** The queue with time in the test's hand: what is joined, what waits, and what comes back when. */

import { expect, test } from "vitest";
import { nullLogger } from "../../../src/observe/index.ts";
import { KubeError, WorkQueue } from "../../../src/operator/kube/index.ts";
import { noChance } from "./support/fixture.ts";
import { ManualTimers, settle, until } from "./support/manual-timers.ts";

interface Run {
  readonly key: string;
  readonly signal: AbortSignal;
  end(result?: { requeueAfterMs?: number }): void;
  fail(error: Error): void;
}

function prepare(workersMax = 2) {
  const timers = new ManualTimers();
  const runs: Run[] = [];
  const queue = new WorkQueue(
    { timers, random: noChance, logger: nullLogger },
    {
      workersMax,
      backoff: { minMs: 100, maxMs: 1000 },
      work: (key, signal) =>
        new Promise((resolve, reject) => {
          runs.push({ key, signal, end: (result = {}) => resolve(result), fail: reject });
        }),
    },
  );
  queue.start();
  const started = () => runs.map((run) => run.key);
  return { timers, runs, queue, started };
}

test("add() joins a key that waits, and keeps the order", async () => {
  const { queue, runs, started } = prepare(1);
  for (const key of ["a", "b", "c", "b", "a"]) queue.add(key);
  await until(() => runs.length === 1);
  // "a" was being worked on when it was added again: it goes behind the others.
  expect(queue.depth).toBe(3);
  for (let count = 1; count <= 4; count += 1) {
    await until(() => runs.length === count);
    runs[count - 1]?.end();
  }
  await settle();
  expect(started()).toEqual(["a", "b", "c", "a"]);
});

test("add() of a key that is worked on has it worked on again, not at the same time", async () => {
  const { queue, runs, started } = prepare();
  queue.add("a");
  await until(() => runs.length === 1);
  queue.add("a");
  queue.add("b");
  await settle();
  expect(started()).toEqual(["a", "b"]);
  runs[0]?.end();
  await until(() => runs.length === 3);
  expect(started()).toEqual(["a", "b", "a"]);
});

test("no more keys are worked on than there are workers", async () => {
  const { queue, runs } = prepare(2);
  for (const key of ["a", "b", "c"]) queue.add(key);
  await settle();
  expect(runs.length).toBe(2);
  runs[1]?.end();
  await until(() => runs.length === 3);
  expect(runs[2]?.key).toBe("c");
});

test("nothing is worked on before start()", async () => {
  const timers = new ManualTimers();
  const worked: string[] = [];
  const work = async (key: string) => {
    worked.push(key);
    return {};
  };
  const dependencies = { timers, random: noChance, logger: nullLogger };
  const queue = new WorkQueue(dependencies, { workersMax: 1, work });
  queue.add("a");
  await settle();
  expect(worked).toEqual([]);
  queue.start();
  await until(() => worked.length === 1);
});

test("work that fails comes back after pauses that double, each key with its own", async () => {
  const { queue, runs, timers } = prepare();
  queue.add("a");
  const pauses: number[] = [];
  for (let count = 1; count <= 6; count += 1) {
    await until(() => runs.length === count);
    runs[count - 1]?.fail(new Error("not yet"));
    await until(() => timers.delays().length === 1);
    pauses.push(timers.delays()[0]!);
    timers.advance(pauses.at(-1)!);
  }
  expect(pauses).toEqual([100, 200, 400, 800, 1000, 1000]);
  await until(() => runs.length === 7);
  runs[6]?.end();
  await settle();
  expect(timers.delays()).toEqual([]);
  queue.add("a");
  await until(() => runs.length === 8);
  runs[7]?.fail(new Error("again"));
  await until(() => timers.delays().length === 1);
  expect(timers.delays()).toEqual([100]);
});

test("work that throws at once is work that fails", async () => {
  const timers = new ManualTimers();
  const work = () => {
    throw new Error("a bug");
  };
  const dependencies = { timers, random: noChance, logger: nullLogger };
  const queue = new WorkQueue(dependencies, { workersMax: 1, work });
  queue.start();
  queue.add("a");
  await until(() => timers.delays().length === 1);
  expect(timers.delays()).toEqual([500]);
});

test("row 1: a server's Retry-After lengthens the pause", async () => {
  const { queue, runs, timers } = prepare();
  queue.add("a");
  await until(() => runs.length === 1);
  runs[0]?.fail(new KubeError("TOO_MANY_REQUESTS", "slower", { retryAfterMs: 5000 }));
  await until(() => timers.delays().length === 1);
  expect(timers.delays()).toEqual([5000]);
});

test("requeueAfterMs has a key worked on again, unless it is earlier anyway", async () => {
  const { queue, runs, timers } = prepare();
  queue.add("a");
  await until(() => runs.length === 1);
  runs[0]?.end({ requeueAfterMs: 30_000 });
  await until(() => timers.delays().length === 1);
  timers.advance(29_999);
  queue.add("a");
  await until(() => runs.length === 2);
  expect(timers.delays()).toEqual([]);
  runs[1]?.end({ requeueAfterMs: 10_000 });
  await until(() => timers.delays().length === 1);
  timers.advance(10_000);
  await until(() => runs.length === 3);
});

test("stop() aborts the work, waits for it, and forgets the rest", async () => {
  const { queue, runs, timers } = prepare(1);
  queue.add("a");
  queue.add("b");
  await until(() => runs.length === 1);
  let isStopped = false;
  const stopped = queue.stop().then(() => (isStopped = true));
  await settle();
  expect(runs[0]?.signal.aborted).toBe(true);
  expect(isStopped).toBe(false);
  runs[0]?.fail(new Error("aborted"));
  await stopped;
  queue.add("c");
  timers.advance(1_000_000);
  await settle();
  expect(runs.length).toBe(1);
  expect(timers.delays()).toEqual([]);
});
