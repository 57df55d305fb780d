/**
 * The digest of the tree (ZooKeeper 3.9 `DigestCalculator` version 2, `AdHash`): the sum, modulo
 * 2^64, of one CRC-32 per node over path, data and the persisted stat. All servers that applied
 * the same transactions have the same digest. Nodes under `/zookeeper/` do not count, since each
 * server keeps some of them by itself. The checksum of path and data is kept apart from that of
 * the stat, so that a change of the stat alone costs 60 bytes of checksum.
 */
import type { StatPersisted } from "../wire/index.ts";
import { crc32Finish, crc32Initial, crc32Update, crc32UpdateText } from "./crc32.ts";

/** The version of the digest that is computed here. */
export const digestVersion = 2;

/** Content checksum of a node that does not count; any node's real one is in 32-bit range. */
const uncounted = 0x1_0000_0000;

const statBytes = new Uint8Array(60);
const statView = new DataView(statBytes.buffer);

/** Checksum state over path and data: first argument of `nodeDigest`. */
export function contentChecksum(path: string, data: Buffer | null): number {
  if (path.startsWith("/zookeeper/")) return uncounted;
  const state = path === "/" ? crc32Initial : crc32UpdateText(crc32Initial, path);
  return data === null ? state : crc32Update(state, data, 0, data.length);
}

/** What a node adds to the tree's digest, in `[0, 2^32)`. */
export function nodeDigest(content: number, stat: Readonly<StatPersisted>): number {
  statView.setBigInt64(0, stat.czxid);
  statView.setBigInt64(8, stat.mzxid);
  statView.setBigInt64(16, stat.pzxid);
  setTime(24, stat.ctimeMs);
  setTime(32, stat.mtimeMs);
  statView.setInt32(40, stat.version);
  statView.setInt32(44, stat.cversion);
  statView.setInt32(48, stat.aversion);
  statView.setBigInt64(52, stat.ephemeralOwner);
  return contentDigest(content, statBytes, 0);
}

/** The same of a stat that is 60 bytes from `at` on, in the order of `nodeDigest`. */
export function contentDigest(content: number, stat: Uint8Array, at: number): number {
  return content === uncounted ? 0 : crc32Finish(crc32Update(content, stat, at, at + 60));
}

function setTime(offset: number, timeMs: number): void {
  const high = Math.floor(timeMs / 4294967296);
  statView.setInt32(offset, high);
  statView.setUint32(offset + 4, timeMs - high * 4294967296);
}

/** A sum of node digests. Kept as two halves, so that adding needs no bigint. */
export class TreeDigest {
  #high = 0;
  #low = 0;

  /** Counts a node's digest out and another in; 0 stands for none. */
  replace(before: number, after: number): void {
    this.#low += after - before;
    if (this.#low < 0) {
      this.#low += 4294967296;
      this.#high -= 1;
    } else if (this.#low >= 4294967296) {
      this.#low -= 4294967296;
      this.#high += 1;
    }
  }

  copyFrom(other: TreeDigest): void {
    this.#high = other.#high;
    this.#low = other.#low;
  }

  /** Unsigned 64 bits. */
  get value(): bigint {
    if (this.#high === 0) return BigInt(this.#low);
    return BigInt.asUintN(64, (BigInt(this.#high) << 32n) | BigInt(this.#low));
  }
}
