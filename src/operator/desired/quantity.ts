/**
 * Amounts of bytes as Kubernetes writes them: "10Gi", "0.5Ti", "1e9" or "1500m". Only for
 * comparing: amounts above 2^53 bytes are rounded. (The function of `@kubernetes/client-node` for
 * it cannot read fractions such as "1.5Gi".)
 */

const PATTERN = /^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)(m|k|Ki|[MGTPE]i?)?$/u;

const FACTORS: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Whether `left` is less than `right`, in whole bytes; not if one of them cannot be read. */
export function isLess(left: string, right: string): boolean {
  return bytesOf(left) < bytesOf(right);
}

/** Whole bytes, rounded up as Kubernetes does; NaN for what is no quantity. */
function bytesOf(quantity: string): number {
  const [, number = "", suffix] = PATTERN.exec(quantity) ?? [];
  if (number === "") return Number.NaN;
  return Math.ceil(Number(number) * (suffix === undefined ? 1 : FACTORS[suffix]!));
}
