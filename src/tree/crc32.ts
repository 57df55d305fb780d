/**
 * CRC-32 as zlib and java.util.zip compute it (polynomial 0xedb88320, reflected), in the resumable
 * form: a state goes in, a state comes out, `crc32Finish` turns it into the value. Eight tables
 * let the loop take eight bytes at a time. The tree's digest is made of these values.
 */

const tables = buildTables();

/** The state before the first byte. */
export const crc32Initial = -1;

/** The checksum that `state` stands for, in `[0, 2^32)`. */
export function crc32Finish(state: number): number {
  return ~state >>> 0;
}

/** The state after the bytes `[from, to)`. */
export function crc32Update(state: number, bytes: Uint8Array, from: number, to: number): number {
  const table = tables;
  let crc = state;
  let at = from;
  for (; to - at >= 8; at += 8) {
    const low =
      crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    crc =
      table[0x700 | (low & 0xff)]! ^
      table[0x600 | ((low >>> 8) & 0xff)]! ^
      table[0x500 | ((low >>> 16) & 0xff)]! ^
      table[0x400 | (low >>> 24)]! ^
      table[0x300 | bytes[at + 4]!]! ^
      table[0x200 | bytes[at + 5]!]! ^
      table[0x100 | bytes[at + 6]!]! ^
      table[bytes[at + 7]!]!;
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ table[(crc ^ bytes[at]!) & 0xff]!;
  return crc;
}

/** The state after the UTF-8 bytes of `text`. */
export function crc32UpdateText(state: number, text: string): number {
  const table = tables;
  let crc = state;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) {
      const rest = Buffer.from(text.slice(index), "utf8");
      return crc32Update(crc, rest, 0, rest.length);
    }
    crc = (crc >>> 8) ^ table[(crc ^ unit) & 0xff]!;
  }
  return crc;
}

/** Table `k` (256 entries from `k << 8`) moves a byte past `k` further bytes. */
function buildTables(): Int32Array {
  const table = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    table[byte] = crc;
  }
  for (let index = 256; index < table.length; index++) {
    const previous = table[index - 256]!;
    table[index] = (previous >>> 8) ^ table[previous & 0xff]!;
  }
  return table;
}
