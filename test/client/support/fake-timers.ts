/** Timers that run only when the test lets time pass; promises get their turn in between. */
import type { Timers } from "../../../src/client/index.ts";

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

export class FakeTimers implements Timers {
  #nowMs = 1000;
  #order = 0;
  #entries = new Set<Entry>();
  #deferred: (() => void)[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  start(delayMs: number, callback: () => void): () => void {
    this.#order += 1;
    const entry = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, callback };
    this.#entries.add(entry);
    return () => {
      this.#entries.delete(entry);
    };
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  /** Timers that have been started and neither fired nor been called off. */
  get pendingCount(): number {
    return this.#entries.size;
  }

  /** Lets promises and deferred callbacks run, but no time pass. */
  async settle(): Promise<void> {
    await microtasks();
    for (let next = this.#deferred.shift(); next !== undefined; next = this.#deferred.shift()) {
      next();
      await microtasks();
    }
  }

  /** Lets time pass and fires what is due, in order. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await this.settle();
    for (;;) {
      const due = [...this.#entries]
        .filter((entry) => entry.atMs <= untilMs)
        .sort((left, right) => left.atMs - right.atMs || left.order - right.order)[0];
      if (due === undefined) break;
      this.#entries.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.callback();
      await this.settle();
    }
    this.#nowMs = untilMs;
  }
}

async function microtasks(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
