/**
 * Who can reach whom, and how long a message takes. The streams of the quorum port and the
 * channels of the election port share it, so that a partition hits both.
 */
import { randomInt } from "../../src/base/index.ts";
import type { Random } from "../../src/base/index.ts";
import type { SimOptions } from "./options.ts";

export class Network {
  readonly #random: Random;
  readonly #options: SimOptions;
  /** Directions that let nothing pass, as `from:to`, with how many partitions say so. */
  readonly #blocks = new Map<string, number>();
  readonly #listeners: (() => void)[] = [];
  /** No spikes any more: the network is as good as it gets. */
  isCalm = false;

  constructor(random: Random, options: SimOptions) {
    this.#random = random;
    this.#options = options;
  }

  delayMs(): number {
    const { delayMinMs, delayMaxMs, spikeChance, spikeMs } = this.#options;
    const delayMs = randomInt(this.#random, delayMinMs, delayMaxMs + 1);
    return !this.isCalm && this.#random.next() < spikeChance ? delayMs + spikeMs : delayMs;
  }

  isBlocked(from: bigint, to: bigint): boolean {
    return this.#blocks.has(`${from}:${to}`);
  }

  /** Blocks one direction until the returned function is called. */
  block(from: bigint, to: bigint): () => void {
    const key = `${from}:${to}`;
    this.#blocks.set(key, (this.#blocks.get(key) ?? 0) + 1);
    return () => {
      const count = this.#blocks.get(key) ?? 0;
      if (count > 1) this.#blocks.set(key, count - 1);
      else if (this.#blocks.delete(key)) for (const listener of this.#listeners) listener();
    };
  }

  unblockAll(): void {
    this.#blocks.clear();
    for (const listener of this.#listeners) listener();
  }

  /** `listener` is called whenever a direction is free again. */
  onUnblocked(listener: () => void): void {
    this.#listeners.push(listener);
  }
}
