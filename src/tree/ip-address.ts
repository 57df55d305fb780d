/**
 * IP addresses as the `ip` scheme of ACLs writes them: `a.b.c.d` or IPv6 text, with an optional
 * prefix length after a slash (ZooKeeper 3.9 `IPAuthenticationProvider`). IPv4 and IPv6 never match
 * each other: whoever accepts connections gives mapped addresses in their IPv4 form.
 */

/** A range of addresses. */
interface AddressRange {
  /** 4 or 16 bytes. */
  readonly bytes: readonly number[];
  readonly prefixBits: number;
}

/** Whether `text` is an address or a range of addresses. */
export function isAddressRange(text: string): boolean {
  return parseRange(text) !== null;
}

/** Whether the address `address` lies in `range`; false when either is not well formed. */
export function addressMatches(address: string, range: string): boolean {
  if (address === range) return isAddressRange(range);
  const wanted = parseRange(range);
  const given = parseAddress(address);
  if (wanted === null || given === null || given.length !== wanted.bytes.length) return false;
  return given.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, wanted.prefixBits - index * 8));
    const mask = (0xff << (8 - bits)) & 0xff;
    return (byte & mask) === (wanted.bytes[index]! & mask);
  });
}

function parseRange(text: string): AddressRange | null {
  const slash = text.indexOf("/");
  const bytes = parseAddress(slash === -1 ? text : text.slice(0, slash));
  if (bytes === null) return null;
  if (slash === -1) return { bytes, prefixBits: bytes.length * 8 };
  const prefixBits = parseNumber(text.slice(slash + 1), /^\+?\d+$/, 10);
  if (prefixBits === null || prefixBits > bytes.length * 8) return null;
  return { bytes, prefixBits };
}

function parseAddress(text: string): number[] | null {
  return text.includes(":") ? parseV6(text) : parseV4(text);
}

function parseV4(text: string): number[] | null {
  const bytes = text.split(".").map((part) => parseNumber(part, /^\+?\d+$/, 10));
  if (bytes.length !== 4 || !bytes.every((byte) => byte !== null && byte <= 255)) return null;
  return bytes.filter((byte) => byte !== null);
}

function parseV6(text: string): number[] | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half) => (half === "" ? [] : half.split(":")));
  if (head === undefined) return null;
  const missing = 8 - head.length - (tail?.length ?? 0);
  // "::" stands for one group of zeros at least; without it all eight are written out.
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...(tail ?? [])];
  const bytes: number[] = [];
  for (const group of groups) {
    const value = parseNumber(group, /^[\da-fA-F]{1,4}$/, 16);
    if (value === null) return null;
    bytes.push(value >> 8, value & 0xff);
  }
  return bytes;
}

function parseNumber(text: string, pattern: RegExp, radix: number): number | null {
  return pattern.test(text) ? Number.parseInt(text, radix) : null;
}
