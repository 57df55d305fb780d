/**
 * The proposals of a leader that are not committed yet, and who has them on disk. When they are
 * sent and what a commit causes is the leader's business.
 *
 * Invariants:
 * 1. The entries follow each other without gap, so that a zxid says the place.
 * 2. A proposal is handed out as committed only after all before it, and once a quorum of the
 *    voters has it.
 */
import type { HistoryEntry } from "./history.ts";
import type { PeerContext } from "./peer-context.ts";

interface Proposal {
  readonly entry: HistoryEntry;
  /** Voters that have it on disk, as a mask. */
  acks: number;
}

export class Proposals {
  readonly #context: PeerContext;
  #outstanding: Proposal[] = [];

  constructor(context: PeerContext) {
    this.#context = context;
  }

  get length(): number {
    return this.#outstanding.length;
  }

  /** zxid of the oldest one. */
  get oldest(): bigint | undefined {
    return this.#outstanding[0]?.entry.zxid;
  }

  entries(): HistoryEntry[] {
    return this.#outstanding.map((proposal) => proposal.entry);
  }

  add(entry: HistoryEntry): void {
    this.#outstanding.push({ entry, acks: 0 });
  }

  /** `sid` has the proposal of `zxid` on disk; that of another zxid counts for nothing. */
  acknowledge(sid: bigint, zxid: bigint): void {
    const { oldest } = this;
    if (oldest === undefined || zxid < oldest) return;
    const proposal = this.#outstanding[Number(zxid - oldest)];
    if (proposal !== undefined) proposal.acks |= this.#context.voters.bit(sid);
  }

  /** What `sid` has acknowledged is being cut off its log: it has to log it again. */
  withdraw(sid: bigint): void {
    const bit = this.#context.voters.bit(sid);
    for (const proposal of this.#outstanding) proposal.acks &= ~bit;
  }

  /** Removes the oldest proposals that a quorum has, in order. */
  takeCommitted(): HistoryEntry[] {
    const { voters } = this.#context;
    let count = 0;
    for (const { acks } of this.#outstanding) {
      if (!voters.isQuorum(acks, "commit")) break;
      count += 1;
    }
    return count === 0 ? [] : this.#outstanding.splice(0, count).map(({ entry }) => entry);
  }
}
