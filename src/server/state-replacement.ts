/**
 * Carries out what replaces a server's whole state: cutting its log and loading what is left, and
 * installing the snapshot that its leader sends. There is one tree in memory at a time: the old one
 * goes before the new one is built, and if the snapshot does not come to its end, the old one is
 * loaded again from the disk, where it stays until the new one is whole.
 */
import { StorageError } from "../storage/index.ts";
import type { Storage } from "../storage/index.ts";
import { DataTree } from "../tree/index.ts";
import type { DiskOp, LinkId } from "../zab/index.ts";
import { loadState, showConfig } from "./load-state.ts";
import type { LoadOptions } from "./load-state.ts";
import { SnapshotReceipt } from "./snapshot-receipt.ts";
import type { ReceiptLink } from "./snapshot-receipt.ts";
import type { SnapshotWriter } from "./snapshot-writer.ts";

export interface StateReplacementOptions {
  readonly storage: Storage;
  readonly snapshots: SnapshotWriter;
  readonly load: LoadOptions;
  /** Repeats an operation for as long as the disk is full. */
  readonly untilSpace: <T>(operation: () => Promise<T>) => Promise<T>;
  /** Newest transaction of the state in force. */
  readonly lastZxid: () => bigint;
  /** Puts another tree in force; `isSettling` when it was written down while it changed. */
  readonly replaced: (tree: DataTree, isSettling: boolean) => void;
  readonly isStopped: () => boolean;
}

export class StateReplacement {
  readonly #options: StateReplacementOptions;
  /** Snapshots that are coming, or have come and are not installed. */
  readonly #receipts = new Map<LinkId, SnapshotReceipt>();

  constructor(options: StateReplacementOptions) {
    this.#options = options;
  }

  /** A snapshot begins to come on `link`. */
  receive(link: LinkId, zxid: bigint, receiptLink: ReceiptLink): SnapshotReceipt {
    const receipt = new SnapshotReceipt(zxid, receiptLink);
    this.#receipts.set(link, receipt);
    return receipt;
  }

  linkClosed(link: LinkId): void {
    this.#receipts.get(link)?.abort();
    this.#receipts.delete(link);
  }

  /** Resolves to where the state ends now. */
  async replace(op: Extract<DiskOp, { kind: "truncate" | "install-snapshot" }>): Promise<bigint> {
    return op.kind === "truncate" ? this.#truncate(op.zxid) : this.#install(op.link);
  }

  async #truncate(zxid: bigint): Promise<bigint> {
    const { storage, untilSpace, lastZxid } = this.#options;
    try {
      await untilSpace(() => storage.truncate(zxid));
    } catch (error) {
      // Nothing was changed: the core sees by the zxid that it needs a snapshot instead.
      if (error instanceof StorageError && error.code === "missing-snapshot") return lastZxid();
      throw error;
    }
    return this.#reload();
  }

  async #install(link: LinkId): Promise<bigint> {
    const { snapshots, load, untilSpace, lastZxid, replaced, isStopped } = this.#options;
    const receipt = this.#receipts.get(link);
    // The link is gone already: nothing was changed.
    if (receipt === undefined) return lastZxid();
    replaced(new DataTree(), true);
    try {
      await untilSpace(() => snapshots.install(receipt));
    } catch (error) {
      const isGivenUp = error instanceof StorageError && error.code === "cancelled";
      if (!isGivenUp) throw error;
      // The server has ended its links: nobody asks for the state, and the disk has the old one.
      if (isStopped()) return lastZxid();
      load.logger.warn("The state on disk is loaded again", { reason: error.message });
      return await this.#reload();
    } finally {
      this.#receipts.delete(link);
    }
    const { tree } = receipt;
    if (tree === undefined) throw new Error("A snapshot is installed with its tree");
    showConfig(tree, load.activeConfig());
    replaced(tree, true);
    return tree.lastProcessedZxid;
  }

  async #reload(): Promise<bigint> {
    const { storage, load, untilSpace, replaced } = this.#options;
    const { tree, recovered, isSettling } = await untilSpace(() => loadState(storage, load));
    replaced(tree, isSettling);
    return recovered.lastZxid;
  }
}
