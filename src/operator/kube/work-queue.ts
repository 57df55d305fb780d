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

/** What a queue works with. */
export interface WorkQueueDependencies {
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
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
  /** In the order in which they were added. */
  readonly #waiting = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  /** Calls off the timer of a key. */
  readonly #delayed = new Map<string, () => void>();
  readonly #failures = new Map<string, number>();
  #isStarted = false;

  constructor(dependencies: WorkQueueDependencies, options: WorkQueueOptions) {
    assert(options.workersMax > 0, "A queue has workers");
    this.#timers = dependencies.timers;
    this.#random = dependencies.random;
    this.#logger = dependencies.logger;
    this.#options = options;
  }

  /** Keys that could be worked on now, if there were workers. */
  get depth(): number {
    return this.#waiting.size;
  }

  /**
   * Has the key worked on as soon as a worker is free; also during its back-off, because the news
   * may be what mends it.
   */
  add(key: string): void {
    if (this.#abort.signal.aborted) return;
    this.#waiting.add(key);
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
    await Promise.all(this.#running.values());
  }

  #dispatch(): void {
    if (!this.#isStarted || this.#abort.signal.aborted) return;
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#options.workersMax) return;
      if (this.#running.has(key)) continue;
      this.#waiting.delete(key);
      this.#running.set(key, this.#run(key));
    }
  }

  async #run(key: string): Promise<void> {
    this.#delayed.get(key)?.();
    this.#delayed.delete(key);
    // The work begins in a turn of its own: never within add(), whose caller may be in the middle.
    await Promise.resolve();
    try {
      const { requeueAfterMs } = await this.#options.work(key, this.#abort.signal);
      this.#failures.delete(key);
      if (requeueAfterMs !== undefined) this.#addAfter(key, requeueAfterMs);
    } catch (error) {
      this.#afterFailure(key, error);
    }
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
