/**
 * What the server does when its disk is full: it goes on trying, with everything still in memory,
 * until there is space again; meanwhile nothing is durable, so nothing is acknowledged. One log
 * record says that it began and one that it is over. Failures of other kinds pass through.
 */
import type { Logger } from "../observe/index.ts";
import { isOutOfSpace } from "../storage/index.ts";

/** Whether the disk takes what it is given; for readiness checks and metrics. */
export interface DiskCondition {
  readonly isFull: boolean;
  /** For how long it has been full, in ms; 0 when it is not. */
  readonly fullForMs: number;
  /** Bytes of transactions that wait for the disk, full or not. */
  readonly waitingBytes: number;
  /** For how long the sync at hand has been under way, in ms; 0 when there is none. */
  readonly syncingForMs: number;
}

/** Pause between attempts: short beside what freeing space takes, long beside an attempt. */
const retryEveryMs = 500;

export class DiskSpace {
  readonly #logger: Logger;
  #fullSinceMs: number | undefined;
  #isGivenUp = false;
  #endPause: (() => void) | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get isFull(): boolean {
    return this.#fullSinceMs !== undefined;
  }

  get fullForMs(): number {
    return this.#fullSinceMs === undefined ? 0 : performance.now() - this.#fullSinceMs;
  }

  /**
   * Repeats `operation` until it does not fail for want of space.
   * @throws what it fails with otherwise; `no-space` once `giveUp` was called.
   */
  async untilDone<T>(operation: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await operation();
        this.#setAvailable();
        return result;
      } catch (error) {
        if (!isOutOfSpace(error) || this.#isGivenUp) throw error;
        this.#setFull(error);
      }
      await this.#pause();
    }
  }

  /** From now on nothing is tried more than once again. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#endPause?.();
  }

  #setFull(error: unknown): void {
    if (this.#fullSinceMs !== undefined) return;
    this.#fullSinceMs = performance.now();
    this.#logger.error("Disk full: nothing is acknowledged until there is space", { error });
  }

  #setAvailable(): void {
    if (this.#fullSinceMs === undefined) return;
    const durationMs = Math.round(performance.now() - this.#fullSinceMs);
    this.#fullSinceMs = undefined;
    this.#logger.info("Disk has space again", { durationMs });
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, retryEveryMs);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endPause = undefined;
  }
}
