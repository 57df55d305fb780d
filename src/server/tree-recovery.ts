/**
 * Takes in what the storage recovers, and makes a tree of it: a snapshot, then transaction after
 * transaction, each compared with the digest that it carries.
 */
import type { RecoveryTarget } from "../storage/index.ts";
import { DataTree } from "../tree/index.ts";
import { decodeTxn } from "../wire/index.ts";

export class TreeRecovery implements RecoveryTarget {
  tree = new DataTree();
  /**
   * How many of the last transactions did not lead to the digest that they carry. A snapshot
   * written while the tree changed is only right once the log has been replayed beyond its end, so
   * it is the last ones that count.
   */
  mismatchCount = 0;
  /** Transactions that came from the log. */
  replayedCount = 0;
  /** The tree has no right digest before this transaction: its snapshot shows a part of it. */
  #settlesAtZxid = 0n;

  /**
   * Whether the log ends before the moment at which the snapshot was finished. Both were right: a
   * server applies what is decided, whether its own log has got so far or not.
   */
  get isSettling(): boolean {
    return this.tree.lastProcessedZxid < this.#settlesAtZxid;
  }

  beginSnapshot(): ReturnType<RecoveryTarget["beginSnapshot"]> {
    const restore = DataTree.restore();
    return {
      sink: restore.sink,
      finish: (lastProcessedZxid, digest) => {
        this.tree = restore.finish(lastProcessedZxid);
        this.#settlesAtZxid = digest?.zxid ?? 0n;
      },
    };
  }

  replay(payload: Buffer): void {
    const { header, txn, digest } = decodeTxn(payload);
    this.tree.apply(header, txn);
    this.replayedCount += 1;
    const isRight = this.isSettling || this.tree.matchesDigest(digest);
    this.mismatchCount = isRight ? 0 : this.mismatchCount + 1;
  }
}
