/**
 * Time as the runtime needs it: two clocks and one way to be called later, handed in so that tests
 * move it by hand. Nothing else in this folder touches Node's timers.
 */

import type { Clock } from "../../base/index.ts";

/** A clock that also calls back. */
export interface Timers extends Clock {
  /** Calls `task` once after `delayMs`; the answer calls it off, and does nothing afterwards. */
  schedule(delayMs: number, task: () => void): () => void;
}

/** The process's own time. */
export const systemTimers: Timers = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  schedule(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`, or as soon as `signal` aborts; it never rejects. */
export function pause(timers: Timers, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const cancel = timers.schedule(delayMs, finish);
    signal.addEventListener("abort", finish, { once: true });
    function finish(): void {
      cancel();
      signal.removeEventListener("abort", finish);
      resolve();
    }
  });
}
