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

  beginSnapshot(): ReturnType<RecoveryTarget["beginSnapshot"]> {
    const restore = DataTree.restore();
    return {
      sink: restore.sink,
      finish: (lastProcessedZxid) => {
        this.tree = restore.finish(lastProcessedZxid);
      },
    };
  }

  replay(payload: Buffer): void {
    const { header, txn, digest } = decodeTxn(payload);
    this.tree.apply(header, txn);
    this.replayedCount += 1;
    if (this.tree.matchesDigest(digest)) this.mismatchCount = 0;
    else this.mismatchCount += 1;
  }
}
