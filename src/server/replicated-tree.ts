/**
 * The tree of a server with what belongs to it while transactions go in: the leader's preparer, the
 * transactions that it made and that need not be decoded when they come back, and the check that
 * the tree is what its leader foretold. Which transactions go in, and when, is the core's business.
 */
import { Fifo } from "../base/index.ts";
import type { Logger } from "../observe/index.ts";
import { Preparer } from "../tree/index.ts";
import type {
  DataTree,
  PrepareOptions,
  PreparedTxn,
  TreeListener,
  TxnResult,
} from "../tree/index.ts";
import { JuteWriter, decodeTxn, formatHex, writeTxn } from "../wire/index.ts";
import type { DecodedTxn } from "../wire/index.ts";
import type { HistoryEntry } from "../zab/index.ts";
import { DigestHistory } from "./digest-history.ts";
import type { ServerMetrics } from "./metrics/index.ts";

export interface ReplicatedTreeOptions {
  readonly tree: DataTree;
  /** Whether `tree` has parts of transactions that are still to be applied to it. */
  readonly isSettling: boolean;
  /** How requests are judged while this server leads. */
  readonly prepare: PrepareOptions;
  readonly treeListener: TreeListener;
  readonly logger: Logger;
  readonly metrics: ServerMetrics;
}

/** A transaction that has become part of the tree. */
export interface AppliedTxn {
  readonly txn: DecodedTxn;
  readonly result: TxnResult;
  /** Whether it was prepared here. */
  readonly isOwn: boolean;
}

export class ReplicatedTree {
  /** What the tree's digest was lately, for comparing servers. */
  readonly digests = new DigestHistory();
  readonly #options: ReplicatedTreeOptions;
  readonly #writer = new JuteWriter(4096);
  /** Transactions prepared here and not applied yet. */
  readonly #prepared = new Fifo<PreparedTxn>();
  #tree: DataTree;
  #preparer: Preparer;
  /** The tree was written down or sent while it changed: no right digest until it caught up. */
  #isSettling: boolean;

  constructor(options: ReplicatedTreeOptions) {
    this.#options = options;
    this.#tree = options.tree;
    this.#isSettling = options.isSettling;
    this.#preparer = new Preparer(options.tree, options.prepare);
  }

  get tree(): DataTree {
    return this.#tree;
  }

  /** Validates requests against the tree and what is proposed; meaningful on a leader. */
  get preparer(): Preparer {
    return this.#preparer;
  }

  /** The bytes of a transaction that is about to be proposed. */
  encode(prepared: PreparedTxn): Buffer {
    writeTxn(this.#writer, prepared.header, prepared.txn, prepared.digest);
    this.#prepared.push(prepared);
    return this.#writer.takeCopy();
  }

  apply(entry: HistoryEntry): AppliedTxn {
    const own = this.#prepared.peek()?.header.zxid === entry.zxid ? this.#prepared.shift() : null;
    const txn = own ?? decodeTxn(entry.payload);
    const result = this.#tree.apply(txn.header, txn.txn);
    this.#preparer.applied(entry.zxid);
    if (!this.#isSettling) {
      if (!this.#tree.matchesDigest(txn.digest)) this.#reportMismatch(txn);
      this.digests.applied(entry.zxid, this.#tree);
    }
    return { txn, result, isOwn: own !== null };
  }

  /** Takes another tree; one that is settling was written down or sent while it changed. */
  replace(tree: DataTree, isSettling: boolean): void {
    tree.setListener(this.#options.treeListener);
    this.#tree = tree;
    this.#isSettling ||= isSettling;
    this.digests.clear();
    this.forgetProposals();
  }

  /** The tree has caught up with those who sent it. */
  settled(): void {
    this.#isSettling = false;
  }

  /** What was prepared here and not applied will come in another way, or never. */
  forgetProposals(): void {
    this.#preparer = new Preparer(this.#tree, this.#options.prepare);
    this.#prepared.clear();
  }

  #reportMismatch({ header, digest }: DecodedTxn): void {
    const { logger, metrics } = this.#options;
    metrics.digestMismatches += 1;
    logger.error("The tree's digest is not the one that was proposed", {
      zxid: formatHex(header.zxid),
      expected: formatHex(digest?.treeDigest ?? 0n),
      actual: formatHex(this.#tree.digest),
    });
  }
}
