/**
 * Randomness as an argument. The core never draws from a global source, so that one seed repeats
 * a whole simulated run. The generator here is for simulation and jitter, not for secrets.
 */

/** Source of random numbers. */
export interface Random {
  /** A number in `[0, 1)`. */
  next(): number;
}

/** A small, fast generator (mulberry32) that yields the same sequence for the same seed. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next(): number {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    },
  };
}

/** An integer in `[from, to)`. */
export function randomInt(random: Random, from: number, to: number): number {
  return from + Math.floor(random.next() * (to - from));
}
