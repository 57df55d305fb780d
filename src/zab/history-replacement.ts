/**
 * A learner's history is cut (TRUNC) or replaced by a snapshot (SNAP), as its leader wants: the
 * packets that come before the disk is done wait until then.
 */
import { Fifo } from "../base/index.ts";
import { PacketType, formatHex } from "../wire/index.ts";
import type { QuorumPacket } from "../wire/index.ts";
import { startDiskOp } from "./peer-context.ts";
import type { PeerContext } from "./peer-context.ts";
import type { LinkId } from "./ready.ts";

export class HistoryReplacement {
  readonly #context: PeerContext;
  readonly #held = new Fifo<QuorumPacket>();
  #isUnderWay = false;
  /** Where the snapshot stands that the leader sends; -1 when it sends none. */
  #snapshotZxid = -1n;

  constructor(context: PeerContext) {
    this.#context = context;
  }

  /** Takes in TRUNC, or SNAP that came on `link`. */
  begin(link: LinkId, { type, zxid }: QuorumPacket): void {
    const { outbox, logger } = this.#context;
    logger.info("History is cut or replaced", { type, zxid: formatHex(zxid) });
    this.#isUnderWay = true;
    const seq = outbox.nextSeq();
    if (type === PacketType.trunc) {
      startDiskOp(this.#context, { seq, kind: "truncate", zxid });
    } else {
      this.#snapshotZxid = zxid;
      startDiskOp(this.#context, { seq, kind: "install-snapshot", link, zxid });
    }
  }

  /** Whether `zxid` is in the snapshot that was sent. */
  covers(zxid: bigint): boolean {
    return zxid <= this.#snapshotZxid;
  }

  /** Keeps a packet if it has to wait; false when it need not. */
  holds(packet: QuorumPacket): boolean {
    if (this.#isUnderWay) this.#held.push(packet);
    return this.#isUnderWay;
  }

  /** The disk is done: what is held can be taken. */
  end(): void {
    this.#isUnderWay = false;
  }

  /** The oldest packet that is held and need not wait any more. */
  takeHeld(): QuorumPacket | undefined {
    return this.#isUnderWay ? undefined : this.#held.shift();
  }
}
