/**
 * A short text that stands for a longer one (FNV-1a of 64 bits), by which two versions of an
 * ensemble's own settings are told apart. It is no protection against anybody.
 */

const OFFSET_BASIS = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;

/** 16 hexadecimal digits. */
export function hashText(text: string): string {
  let hash = OFFSET_BASIS;
  for (const byte of Buffer.from(text, "utf8")) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * PRIME);
  }
  return hash.toString(16).padStart(16, "0");
}
