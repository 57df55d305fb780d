/**
 * Numbers of the benchmark: reading them from the command line, summing them up, and printing them
 * for people.
 */

/** Parses an option's number. @throws RangeError naming the option when not in `[min, max]`. */
export function parseNumber(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= min && value <= max)) {
    throw new RangeError(`Cannot read ${option}: "${text}" is not a number from ${min} to ${max}`);
  }
  return value;
}

/** The median; the mean of the middle two for an even count; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** The sum. */
export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** A number with thousands separated, without decimals: "12,345". */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** A number with three significant digits, and no exponent: "0.0123", "4.56", "789". */
export function formatShort(value: number): string {
  return value >= 100 ? formatCount(value) : Number(value.toPrecision(3)).toString();
}

/** Mebibytes without decimals. */
export function formatMebibytes(bytes: number): string {
  return formatCount(bytes / (1024 * 1024));
}
