/** Time that stands still until a test moves it, and a way to wait for sockets meanwhile. */

import type { Timers } from "../../../../src/operator/kube/index.ts";

interface Timer {
  readonly atMs: number;
  readonly delayMs: number;
  readonly task: () => void;
}

export class ManualTimers implements Timers {
  #nowMs = 1000;
  readonly #timers = new Set<Timer>();

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return Date.UTC(2026, 0, 1) + this.#nowMs;
  }

  schedule(delayMs: number, task: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, delayMs, task };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** The delays of all timers that stand, as they were asked for. */
  delays(): number[] {
    return [...this.#timers].map((timer) => timer.delayMs).sort((one, other) => one - other);
  }

  /** Lets time pass, calling each timer at its moment. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.atMs <= untilMs);
      const next = due.sort((one, other) => one.atMs - other.atMs)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.task();
    }
    this.#nowMs = untilMs;
  }
}

/** Lets sockets and promises go on until `isSo`; 20 s of real time without it is a failure. */
export async function until(isSo: () => boolean): Promise<void> {
  const startedMs = performance.now();
  while (!isSo()) {
    if (performance.now() - startedMs > 20_000) throw new Error(`Never so: ${isSo.toString()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Lets everything that is under way on loopback arrive. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
