/**
 * A snapshot that is coming from the leader: its contents become a tree and its bytes a file, both
 * while it comes. It is taken from the link at the pace of the disk, so little of it is in memory
 * besides the tree. Nothing is taken before somebody asks for the first piece: by then the old tree
 * is to be gone.
 */
import { Fifo } from "../base/index.ts";
import { StorageError } from "../storage/index.ts";
import { DataTree } from "../tree/index.ts";
import { WireError } from "../wire/index.ts";
import type { SnapshotSink } from "../wire/index.ts";
import type { SnapshotTaker } from "./packet-stream.ts";

/** What a receipt does to the link that it comes on. */
export interface ReceiptLink {
  hold(): void;
  release(): void;
  /** A piece is on its way to the disk. */
  progress(): void;
}

/** Bytes that may wait for the disk; a piece more is possible. */
const waitingBytesMax = 1024 * 1024;

export class SnapshotReceipt implements SnapshotTaker {
  readonly zxid: bigint;
  readonly sink: SnapshotSink;
  readonly #link: ReceiptLink;
  readonly #restore = DataTree.restore();
  readonly #pieces = new Fifo<Buffer>();
  #waitingBytes = 0;
  #isWhole = false;
  #isTaken = false;
  #isGone = false;
  #tree: DataTree | undefined;
  #wake: (() => void) | undefined;

  /** @param zxid all transactions up to it are in the snapshot. */
  constructor(zxid: bigint, link: ReceiptLink) {
    this.zxid = zxid;
    this.sink = this.#restore.sink;
    this.#link = link;
    link.hold();
  }

  /** The tree, once the last piece was taken. */
  get tree(): DataTree | undefined {
    return this.#tree;
  }

  bytes(chunk: Buffer): void {
    this.#pieces.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes > waitingBytesMax) this.#link.hold();
    this.#wake?.();
  }

  /** What comes behind the snapshot stays on the link until somebody releases it. */
  end(): void {
    this.#isWhole = true;
    this.#link.hold();
    this.#wake?.();
  }

  /** The link is gone: no more will come. */
  abort(): void {
    this.#isGone = true;
    this.#wake?.();
  }

  /**
   * The bytes of the body. Can be taken once.
   * @throws StorageError `cancelled` when they do not come to their end, or make no tree.
   */
  async *pieces(): AsyncGenerator<Buffer, void, undefined> {
    if (this.#isTaken) throw givenUp("it cannot be taken again");
    this.#isTaken = true;
    this.#link.release();
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) {
        this.#waitingBytes -= piece.length;
        yield piece;
        this.#link.progress();
        if (this.#waitingBytes < waitingBytesMax && !this.#isWhole) this.#link.release();
      } else if (this.#isWhole) {
        this.#tree = this.#finish();
        return;
      } else if (this.#isGone) {
        throw givenUp("the link to the leader is gone");
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #finish(): DataTree {
    try {
      return this.#restore.finish(this.zxid);
    } catch (error) {
      if (error instanceof WireError) throw givenUp(error.message);
      throw error;
    }
  }
}

function givenUp(reason: string): StorageError {
  return new StorageError("cancelled", `Snapshot of the leader given up: ${reason}`);
}
