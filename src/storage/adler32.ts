/**
 * Adler-32 (RFC 1950), the checksum of ZooKeeper's logs and snapshots. Two sums modulo 65521; the
 * modulo is taken once per block, as late as both sums are sure to stay within 31 bits, where the
 * engine computes with plain integers. It finds accidents, not forgeries.
 */

const modulus = 65521;

/** 3800 bytes of 255 on top of two sums of 65520 stay below 2^31. */
const blockBytes = 3800;

/** The checksum of nothing, and the seed of every sum. */
const adler32Initial = 1;

/**
 * Continues the checksum `sum` over `bytes[from, to)`; the result is an unsigned 32-bit number.
 */
export function adler32(
  bytes: Uint8Array,
  from: number = 0,
  to: number = bytes.length,
  sum: number = adler32Initial,
): number {
  let low = sum & 0xffff;
  let high = sum >>> 16;
  let at = from;
  while (at < to) {
    const blockEnd = Math.min(to, at + blockBytes);
    const unrolledEnd = blockEnd - 7;
    // Eight bytes a step: `high` gains 8 × the old `low` and each byte as often as it is counted.
    for (; at < unrolledEnd; at = (at + 8) | 0) {
      const b0 = bytes[at]!;
      const b1 = bytes[at + 1]!;
      const b2 = bytes[at + 2]!;
      const b3 = bytes[at + 3]!;
      const b4 = bytes[at + 4]!;
      const b5 = bytes[at + 5]!;
      const b6 = bytes[at + 6]!;
      const b7 = bytes[at + 7]!;
      const weighted = (b0 << 3) + b1 * 7 + b2 * 6 + b3 * 5 + (b4 << 2) + b5 * 3 + (b6 << 1) + b7;
      high = (high + (low << 3) + weighted) | 0;
      low = (low + b0 + b1 + b2 + b3 + b4 + b5 + b6 + b7) | 0;
    }
    for (; at < blockEnd; at = (at + 1) | 0) {
      low = (low + bytes[at]!) | 0;
      high = (high + low) | 0;
    }
    low %= modulus;
    high %= modulus;
  }
  return ((high << 16) | low) >>> 0;
}
