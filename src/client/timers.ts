/**
 * Timers as an argument, so that tests can let time pass without waiting. They keep
 * the process alive, as an open socket does: a client that is not needed any more must be closed.
 */
import type { Clock } from "../base/index.ts";

/** A clock that can also call back. */
export interface Timers extends Clock {
  /** Runs `callback` once after `delayMs`; the returned function calls it off. */
  start(delayMs: number, callback: () => void): () => void;
  /** Runs `callback` once, after promises that are settled now have told their listeners. */
  defer(callback: () => void): void;
}

/** Longest delay that the runtime's timers take; a longer one fires early, which is harmless. */
const delayMsMax = 0x7fffffff;

/** The timers of the runtime. */
export const nodeTimers: Timers = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  start(delayMs: number, callback: () => void): () => void {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), delayMsMax));
    return () => {
      clearTimeout(timer);
    };
  },
  defer(callback: () => void): void {
    setImmediate(callback);
  },
};
