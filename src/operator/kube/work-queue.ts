/**
 * Keys waiting to be worked on: each at most once, and no key by two workers at a time. A key that
 * is added while it is worked on is worked on again afterwards, since its worker may have looked
 * too early. A key whose work fails comes back after a back-off of its own; one whose work asks for
 * it comes back after that time. At most one timer stands per key: the next run makes it void.
 */

import { assert } from "../../base/index.ts";
import type { Random } from "../../base/index.ts";
import type { Logger } from "../../observe/index.ts";
import { backoffMs } from "./backoff.ts";
import type { BackoffRange } from "./backoff.ts";
import { KubeError } from "./kube-error.ts";
import type { Timers } from "./timers.ts";

/** What a run of work says about the next one. */
export interface WorkResult {
  /** Run again after this time, even if nothing happens. */
  readonly requeueAfterMs?: number;
}

/** How a run of work ended, in controller-runtime's words. */
export type WorkOutcome = "success" | "error" | "requeue_after";

/** Is told what a queue does, to count it. It must not throw. */
export interface WorkQueueObserver {
  /** A key that was not waiting waits. */
  added(): void;
  started(waitedMs: number): void;
  ended(tookMs: number, outcome: WorkOutcome): void;
}

/** What a queue works with. */
export interface WorkQueueDependencies {
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly observer?: WorkQueueObserver;
}

/** A run of work. */
interface Run {
  readonly startedMs: number;
  readonly ended: Promise<void>;
}

/** How a queue works. */
export interface WorkQueueOptions {
  /** The work for one key. It must end soon after `signal` aborts, by returning or by throwing. */
  readonly work: (key: string, signal: AbortSignal) => Promise<WorkResult>;
  /** How many keys are worked on at a time. */
  readonly workersMax: number;
  /** @default 0.5 s to 5 minutes. */
  readonly backoff?: BackoffRange;
}

const BACKOFF: BackoffRange = { minMs: 500, maxMs: 300_000 };

/** A deduplicating queue with its workers. */
export class WorkQueue {
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #options: WorkQueueOptions;
  readonly #abort = new AbortController();
  readonly #observer: WorkQueueObserver | undefined;
  /** Since when each key waits, in the order in which they were added. */
  readonly #waiting = new Map<string, number>();
  /** In the order in which they began. */
  readonly #running = new Map<string, Run>();
  /** Calls off the timer of a key. */
  readonly #delayed = new Map<string, () => void>();
  readonly #failures = new Map<string, number>();
  #isStarted = false;

  constructor(dependencies: WorkQueueDependencies, options: WorkQueueOptions) {
    assert(options.workersMax > 0, "A queue has workers");
    this.#timers = dependencies.timers;
    this.#random = dependencies.random;
    this.#logger = dependencies.logger;
    this.#observer = dependencies.observer;
    this.#options = options;
  }

  /** Keys that could be worked on now, if there were workers. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** Keys that are worked on. */
  get running(): number {
    return this.#running.size;
  }

  /** For how long the oldest work that runs has been running; 0 when none runs. */
  get longestRunMs(): number {
    const [oldest] = this.#running.values();
    return oldest === undefined ? 0 : this.#timers.monotonicMs() - oldest.startedMs;
  }

  /**
   * Has the key worked on as soon as a worker is free; also during its back-off, because the news
   * may be what mends it.
   */
  add(key: string): void {
    if (this.#abort.signal.aborted) return;
    if (!this.#waiting.has(key)) {
      this.#waiting.set(key, this.#timers.monotonicMs());
      this.#observer?.added();
    }
    this.#dispatch();
  }

  /** Work begins; what is added before waits. */
  start(): void {
    this.#isStarted = true;
    this.#dispatch();
  }

  /** Takes no more keys, aborts the work that runs and waits for it to end. */
  async stop(): Promise<void> {
    this.#abort.abort(new KubeError("CANCELLED", "The queue is stopped"));
    for (const cancel of this.#delayed.values()) cancel();
    this.#delayed.clear();
    this.#waiting.clear();
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  #dispatch(): void {
    if (!this.#isStarted || this.#abort.signal.aborted) return;
    for (const [key, addedMs] of this.#waiting) {
      if (this.#running.size >= this.#options.workersMax) return;
      if (this.#running.has(key)) continue;
      this.#waiting.delete(key);
      const startedMs = this.#timers.monotonicMs();
      this.#observer?.started(startedMs - addedMs);
      this.#running.set(key, { startedMs, ended: this.#run(key, startedMs) });
    }
  }

  async #run(key: string, startedMs: number): Promise<void> {
    this.#delayed.get(key)?.();
    this.#delayed.delete(key);
    // The work begins in a turn of its own: never within add(), whose caller may be in the middle.
    await Promise.resolve();
    let outcome: WorkOutcome = "success";
    try {
      const { requeueAfterMs } = await this.#options.work(key, this.#abort.signal);
      this.#failures.delete(key);
      if (requeueAfterMs !== undefined) {
        this.#addAfter(key, requeueAfterMs);
        outcome = "requeue_after";
      }
    } catch (error) {
      this.#afterFailure(key, error);
      outcome = "error";
    }
    this.#observer?.ended(this.#timers.monotonicMs() - startedMs, outcome);
    this.#running.delete(key);
    this.#dispatch();
  }

  #afterFailure(key: string, error: unknown): void {
    if (this.#abort.signal.aborted) return;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const ownMs = backoffMs(this.#random, this.#options.backoff ?? BACKOFF, failures);
    const askedMs = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
    const waitMs = Math.max(ownMs, askedMs);
    this.#logger.warn("Work failed", { key, failures, waitMs, error });
    this.#addAfter(key, waitMs);
  }

  #addAfter(key: string, delayMs: number): void {
    if (this.#abort.signal.aborted) return;
    const cancel = this.#timers.schedule(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, cancel);
  }
}
