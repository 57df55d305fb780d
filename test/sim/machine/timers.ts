/**
 * `setTimeout` and its kin, and `performance.now`, for simulated processes: they count by the clock
 * of the process that calls them. Everybody else in the thread keeps Node's own.
 */
import { runningProcess } from "./process.ts";
import type { Process } from "./process.ts";

type Callback = (...parameters: unknown[]) => void;

/** What a program is given to clear a timer by. */
class SimTimer {
  isOver = false;

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}

/** Puts simulated timers in the place of the global ones. To be called once, in its own thread. */
export function installTimers(): void {
  const real = { setTimeout, setInterval, setImmediate, clearTimeout };
  const realNow = performance.now.bind(performance);
  const clear = (timer: unknown): void => {
    if (timer instanceof SimTimer) timer.isOver = true;
    else real.clearTimeout(timer as NodeJS.Timeout);
  };
  Object.assign(globalThis, {
    setTimeout: (callback: Callback, delayMs = 0, ...parameters: unknown[]) => {
      const process = runningProcess();
      if (process === undefined) return real.setTimeout(callback, delayMs, ...parameters);
      return startTimer(process, delayMs, () => callback(...parameters));
    },
    setInterval: (callback: Callback, delayMs = 0, ...parameters: unknown[]) => {
      const process = runningProcess();
      if (process === undefined) return real.setInterval(callback, delayMs, ...parameters);
      return startInterval(process, delayMs, () => callback(...parameters));
    },
    setImmediate: (callback: Callback, ...parameters: unknown[]) => {
      const process = runningProcess();
      if (process === undefined) return real.setImmediate(callback, ...parameters);
      const timer = new SimTimer();
      process.later(process.host.turnDelayMs(), () => {
        if (!timer.isOver) callback(...parameters);
      });
      return timer;
    },
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  });
  performance.now = () => runningProcess()?.clock.monotonicMs() ?? realNow();
}

function startTimer(process: Process, delayMs: number, callback: () => void): SimTimer {
  const timer = new SimTimer();
  process.later(trueMs(process, delayMs), () => {
    if (!timer.isOver) callback();
  });
  return timer;
}

function startInterval(process: Process, delayMs: number, callback: () => void): SimTimer {
  const timer = new SimTimer();
  const again = (): void => {
    process.later(trueMs(process, delayMs), () => {
      if (timer.isOver) return;
      again();
      callback();
    });
  };
  again();
  return timer;
}

/** A whole number of ms, at least one, as Node has it. */
function trueMs({ clockRate }: Process, delayMs: number): number {
  return Math.max(1, Math.ceil(delayMs / clockRate));
}
