/** The process's own time, and pauses that a signal ends. */

import { expect, test } from "vitest";
import { systemTimers } from "../../../src/operator/kube/index.ts";
import { pause } from "../../../src/operator/kube/timers.ts";
import { ManualTimers, settle } from "./support/manual-timers.ts";

test("systemTimers.schedule() calls back once, unless it is called off", async () => {
  const called: string[] = [];
  const cancel = systemTimers.schedule(0, () => called.push("cancelled"));
  cancel();
  await new Promise<void>((resolve) => {
    systemTimers.schedule(0, () => {
      called.push("kept");
      resolve();
    });
  });
  expect(called).toEqual(["kept"]);
});

test("pause() ends with its time or with its signal, and leaves no timer", async () => {
  const timers = new ManualTimers();
  const abort = new AbortController();
  const ended: string[] = [];
  void pause(timers, 100, abort.signal).then(() => ended.push("time"));
  void pause(timers, 200, abort.signal).then(() => ended.push("signal"));
  timers.advance(100);
  await settle();
  expect(ended).toEqual(["time"]);
  abort.abort();
  await pause(timers, 300, abort.signal);
  await settle();
  expect(ended).toEqual(["time", "signal"]);
  expect(timers.delays()).toEqual([]);
});
