/**
 * A running summary of measured values: count, sum, extremes, and a histogram from which quantiles
 * and cumulative counts are read. Made for hot paths: `add` touches a few numbers, allocates
 * nothing, and what it costs does not depend on how much was added before. Everything else is work
 * for the reader. Each power of two has four buckets, so that a quantile is right to within 12.5 %.
 *
 * Quantiles are of all values, or of a window of the latest ones that `rotate` moves on, as
 * ZooKeeper's Prometheus provider has them.
 */

/** Buckets to each power of two; the two highest bits of a number's mantissa tell them apart. */
const perOctave = 4;
/** Lower and upper power of two of what the buckets tell apart: from 8 µs to 4.6 h in ms. */
const octaveMin = -7;
const octaveMax = 24;
const bucketCount = (octaveMax - octaveMin) * perOctave;

const asFloat = new Float32Array(1);
const asBits = new Uint32Array(asFloat.buffer);
/** Shifts away all of a float but sign, exponent and two bits of mantissa. */
const mantissaShift = 21;
const firstBits = (127 + octaveMin) * perOctave;

/** Which values a quantile is of. */
export type SummarySpan = "all" | "window";

export class Summary {
  count = 0;
  sum = 0;
  #min = Infinity;
  #max = -Infinity;
  readonly #counts = new Float64Array(bucketCount);
  /** `#counts` as they were at the last rotation and at the one before. */
  #newerMark: Float64Array | null = null;
  #olderMark: Float64Array | null = null;

  /** What all of `parts` have seen. Windows are taken over where the parts rotate together. */
  static merged(parts: Iterable<Summary>): Summary {
    const merged = new Summary();
    for (const part of parts) merged.#include(part);
    return merged;
  }

  /** The smallest value, 0 when there is none. */
  get min(): number {
    return this.count === 0 ? 0 : this.#min;
  }

  /** The largest value, 0 when there is none. */
  get max(): number {
    return this.count === 0 ? 0 : this.#max;
  }

  /** The mean, 0 when there is no value. */
  get mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /** @param value not negative; what is beyond the buckets counts in the first or last one. */
  add(value: number): void {
    this.count += 1;
    this.sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    asFloat[0] = value;
    const index = (asBits[0]! >>> mantissaShift) - firstBits;
    this.#counts[index < 0 ? 0 : index < bucketCount ? index : bucketCount - 1]! += 1;
  }

  /** An estimate of the `q` quantile (0 to 1); NaN when there is no value in the span. */
  quantile(q: number, span: SummarySpan = "all"): number {
    const mark = span === "window" ? this.#olderMark : null;
    let total = 0;
    for (let i = 0; i < bucketCount; i++) total += this.#counts[i]! - (mark?.[i] ?? 0);
    if (total === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil(q * total));
    let seen = 0;
    for (let i = 0; i < bucketCount; i++) {
      seen += this.#counts[i]! - (mark?.[i] ?? 0);
      if (seen >= rank) {
        const middle = (lowerBound(i) + lowerBound(i + 1)) / 2;
        return Math.min(Math.max(middle, this.#min), this.#max);
      }
    }
    return this.#max;
  }

  /** How many values are below two to the power of `octave`. */
  countBelow(octave: number): number {
    const end = Math.min(bucketCount, (octave - octaveMin) * perOctave);
    let count = 0;
    for (let i = 0; i < end; i++) count += this.#counts[i]!;
    return count;
  }

  /** Moves the window on: from now on it begins where the last rotation was. */
  rotate(): void {
    this.#olderMark = this.#newerMark;
    this.#newerMark = this.#counts.slice();
  }

  /** Forgets everything. */
  reset(): void {
    this.count = 0;
    this.sum = 0;
    this.#min = Infinity;
    this.#max = -Infinity;
    this.#counts.fill(0);
    this.#newerMark = null;
    this.#olderMark = null;
  }

  #include(part: Summary): void {
    this.count += part.count;
    this.sum += part.sum;
    this.#min = Math.min(this.#min, part.#min);
    this.#max = Math.max(this.#max, part.#max);
    addTo(this.#counts, part.#counts);
    if (part.#olderMark !== null) {
      this.#olderMark ??= new Float64Array(bucketCount);
      addTo(this.#olderMark, part.#olderMark);
    }
  }
}

function addTo(sums: Float64Array, counts: Float64Array): void {
  for (let i = 0; i < bucketCount; i++) sums[i]! += counts[i]!;
}

function lowerBound(bucket: number): number {
  const octave = Math.floor(bucket / perOctave);
  return 2 ** (octaveMin + octave) * (1 + (bucket % perOctave) / perOctave);
}
