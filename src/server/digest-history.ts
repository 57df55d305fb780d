/**
 * The tree's digest after every 128th transaction (ZooKeeper 3.9 `DataTree.digestLog`): two servers
 * that show the same zxid must show the same digest. The newest entries are kept.
 */
import type { DataTree } from "../tree/index.ts";

/** The digest of the tree after the transaction `zxid`. */
export interface DigestRecord {
  readonly zxid: bigint;
  readonly digest: bigint;
}

const everyTransactions = 0x7fn;
const recordsMax = 1024;

export class DigestHistory {
  #records: DigestRecord[] = [];

  /** The transaction `zxid` has been applied to `tree`. */
  applied(zxid: bigint, tree: DataTree): void {
    if ((zxid & everyTransactions) !== 0n) return;
    this.#records.push({ zxid, digest: tree.digest });
    if (this.#records.length >= 2 * recordsMax) this.#records = this.#records.slice(-recordsMax);
  }

  /** The tree is another one now. */
  clear(): void {
    this.#records = [];
  }

  /** Oldest first. */
  get records(): readonly DigestRecord[] {
    return this.#records.slice(-recordsMax);
  }
}
