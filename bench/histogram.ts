/**
 * A latency histogram with bounded relative error, in the manner of HdrHistogram: exact below 256
 * microseconds, then 128 equal buckets per power of two, so a reported value is within 0.4 % of
 * one that was recorded. Recording is one increment in a fixed array. Values above about 35
 * minutes count as that maximum.
 */

const LINEAR_BUCKETS = 256;
const LINEAR_BITS = 8;
const BUCKETS_PER_OCTAVE = LINEAR_BUCKETS / 2;
const VALUE_MAX = 2 ** 31 - 1;
const BUCKET_COUNT = LINEAR_BUCKETS + (31 - LINEAR_BITS) * BUCKETS_PER_OCTAVE;

/** Counts of latencies, in microseconds. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKET_COUNT);
  #total = 0;

  /** How many values were recorded. */
  get count(): number {
    return this.#total;
  }

  /** Records one latency; negative values count as 0. */
  record(latencyUs: number): void {
    const index = bucketOf(latencyUs);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total += 1;
  }

  /** The latency in microseconds that a `fraction` (0..1] of all values do not exceed; 0 if none. */
  quantileUs(fraction: number): number {
    const rank = Math.max(1, Math.ceil(fraction * this.#total));
    let seen = 0;
    for (let index = 0; index < BUCKET_COUNT; index += 1) {
      seen += this.#counts[index] ?? 0;
      if (seen >= rank) {
        return middleOf(index);
      }
    }
    return 0;
  }
}

function bucketOf(latencyUs: number): number {
  const value = latencyUs < 0 ? 0 : latencyUs > VALUE_MAX ? VALUE_MAX : latencyUs | 0;
  if (value < LINEAR_BUCKETS) {
    return value;
  }
  const exponent = 31 - Math.clz32(value);
  // The leading 8 bits of the value: 128..255, whatever its size.
  const leading = value >>> (exponent - LINEAR_BITS + 1);
  const octave = exponent - LINEAR_BITS;
  return LINEAR_BUCKETS + octave * BUCKETS_PER_OCTAVE + leading - BUCKETS_PER_OCTAVE;
}

function middleOf(index: number): number {
  if (index < LINEAR_BUCKETS) {
    return index;
  }
  const octave = Math.floor((index - LINEAR_BUCKETS) / BUCKETS_PER_OCTAVE);
  const leading = ((index - LINEAR_BUCKETS) % BUCKETS_PER_OCTAVE) + BUCKETS_PER_OCTAVE;
  const width = 2 ** (octave + 1);
  return leading * width + (width - 1) / 2;
}
