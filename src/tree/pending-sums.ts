/**
 * Sums of what is proposed and not applied yet, by a key: how much more (or less) there will be of
 * something than the tree says. Entries come in zxid order and leave when their transaction has
 * been applied, or when the multi that they belong to has failed.
 */

/** A number of nodes, and their bytes. */
export interface Amount {
  readonly count: number;
  readonly bytes: number;
}

interface Entry<Key> extends Amount {
  readonly key: Key;
  readonly zxid: bigint;
}

const nothing: Amount = { count: 0, bytes: 0 };

/** How many entries of the past are kept before they are thrown out together. */
const deadEntriesMax = 1024;

export class PendingSums<Key> {
  readonly #sums = new Map<Key, Amount>();
  #entries: Entry<Key>[] = [];
  #head = 0;

  /** What is on its way for `key`. */
  of(key: Key): Amount {
    return this.#sums.get(key) ?? nothing;
  }

  add(zxid: bigint, key: Key, amount: Amount): void {
    this.#entries.push({ zxid, key, ...amount });
    this.#change(key, amount, 1);
  }

  /** Forgets what was added up to `zxid`: the tree has it now. */
  applied(zxid: bigint): void {
    for (; this.#head < this.#entries.length; this.#head++) {
      const entry = this.#entries[this.#head]!;
      if (entry.zxid > zxid) break;
      this.#change(entry.key, entry, -1);
    }
    if (this.#head === this.#entries.length) this.#entries.length = 0;
    else if (this.#head < deadEntriesMax) return;
    else this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }

  /** Takes back what was added at `zxid`, which must be the newest. */
  takeBack(zxid: bigint): void {
    for (let last = this.#entries.at(-1); last?.zxid === zxid; last = this.#entries.at(-1)) {
      this.#entries.pop();
      this.#change(last.key, last, -1);
    }
  }

  #change(key: Key, amount: Amount, sign: 1 | -1): void {
    const before = this.of(key);
    const count = before.count + sign * amount.count;
    const bytes = before.bytes + sign * amount.bytes;
    if (count === 0 && bytes === 0) this.#sums.delete(key);
    else this.#sums.set(key, { count, bytes });
  }
}
