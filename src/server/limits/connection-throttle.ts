/**
 * How fast sessions may be opened (ZooKeeper 3.9 `BlueThrottle`): a bucket of tokens that refills
 * with time, and, when that is configured, connections dropped by chance, the more of them the
 * longer the bucket stays empty (the BLUE algorithm of queue management).
 */
import type { Random } from "../../base/index.ts";

/** The names follow the configuration's `connection_throttle_` keys. */
export interface ConnectionThrottleSettings {
  /** Size of the bucket, in sessions; 0 turns the throttle off. @default 0 */
  readonly tokens: number;
  /** `fillCount` tokens come back every so many ms. @default 1 and 1 */
  readonly fillTimeMs: number;
  readonly fillCount: number;
  /** Least time between two changes of the drop chance, in ms; -1: none. @default -1 */
  readonly freezeTimeMs: number;
  /** By how much the chance grows while the bucket is empty. @default 0.02 */
  readonly dropIncrease: number;
  /** By how much it shrinks while few tokens are missing. @default 0.002 */
  readonly dropDecrease: number;
  /** Share of the bucket that counts as few. @default 0 */
  readonly decreaseRatio: number;
  /** Tokens that each kind of session takes; null when each takes one. */
  readonly weights: SessionWeights | null;
}

/** Tokens for a new global session, a new local one, and one that is taken up again. */
export interface SessionWeights {
  readonly global: number;
  readonly local: number;
  readonly renewed: number;
}

/** The settings, which may be others at any time. */
export interface ConnectionThrottleSource {
  readonly connectionThrottle: ConnectionThrottleSettings;
}

export class ConnectionThrottle {
  readonly #source: ConnectionThrottleSource;
  readonly #random: Random;
  #tokens: number;
  #filledAtMs: number;
  #frozenAtMs: number;
  #dropChance = 0;

  /** @param nowMs monotonic time, as in `admits`. */
  constructor(source: ConnectionThrottleSource, random: Random, nowMs: number) {
    this.#source = source;
    this.#random = random;
    this.#tokens = this.#tokensMax;
    this.#filledAtMs = nowMs;
    this.#frozenAtMs = nowMs;
  }

  /** The chance to be dropped whatever the bucket holds, 0 to 1. */
  get dropChance(): number {
    return this.#dropChance;
  }

  /** Tokens missing in the bucket. */
  get deficit(): number {
    return this.#tokensMax - this.#tokens;
  }

  /** Whether a session of this kind may be opened now; takes its tokens if so. */
  admits(kind: keyof SessionWeights, nowMs: number): boolean {
    const { tokens, weights, freezeTimeMs } = this.#settings;
    if (tokens === 0) return true;
    this.#refill(nowMs);
    if (freezeTimeMs >= 0 && this.#isDropped(nowMs)) return false;
    const needed = weights?.[kind] ?? 1;
    if (this.#tokens < needed) return false;
    this.#tokens -= needed;
    return true;
  }

  get #settings(): ConnectionThrottleSettings {
    return this.#source.connectionThrottle;
  }

  /** The settings are about global sessions: with weights the bucket is so much larger. */
  get #scale(): number {
    return this.#settings.weights?.global ?? 1;
  }

  get #tokensMax(): number {
    return this.#settings.tokens * this.#scale;
  }

  #refill(nowMs: number): void {
    const { fillTimeMs, fillCount } = this.#settings;
    const elapsedMs = nowMs - this.#filledAtMs;
    if (elapsedMs <= fillTimeMs) return;
    const refill = Math.floor((elapsedMs * fillCount * this.#scale) / fillTimeMs);
    this.#tokens = Math.min(this.#tokens + refill, this.#tokensMax);
    this.#filledAtMs = nowMs;
  }

  #isDropped(nowMs: number): boolean {
    const { freezeTimeMs, dropIncrease, dropDecrease, decreaseRatio } = this.#settings;
    if (nowMs - this.#frozenAtMs > freezeTimeMs) {
      if (this.#tokens === 0) {
        this.#dropChance = Math.min(this.#dropChance + dropIncrease, 1);
      } else if (this.deficit <= Math.round(this.#tokensMax * decreaseRatio)) {
        this.#dropChance = Math.max(this.#dropChance - dropDecrease, 0);
      }
      this.#frozenAtMs = nowMs;
    }
    return this.#random.next() < this.#dropChance;
  }
}
