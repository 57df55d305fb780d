/**
 * The proposals of a leader that are not committed yet, and who has them on disk. When they are
 * sent and what a commit causes is the leader's business.
 *
 * Invariants:
 * 1. The entries follow each other without gap, so that a zxid says the place.
 * 2. A proposal is handed out as committed only after all before it, and once a quorum has it of
 *    the voters at the time when it was proposed: from a reconfiguration on until that is
 *    committed, those are the old and the new ones, and a quorum of each is wanted.
 */
import { Fifo } from "../base/index.ts";
import type { HistoryEntry } from "./history.ts";
import type { Membership } from "./membership.ts";
import type { PeerContext } from "./peer-context.ts";
import type { Voters } from "./quorum.ts";

export interface Proposal {
  readonly entry: HistoryEntry;
  /** What it makes of the ensemble, if it is a reconfiguration. */
  readonly next: Membership | undefined;
  voters: Voters;
  /** Those of `voters` that have it on disk, as a mask. */
  acks: number;
}

export class Proposals {
  readonly #context: PeerContext;
  readonly #outstanding = new Fifo<Proposal>();

  constructor(context: PeerContext) {
    this.#context = context;
  }

  get length(): number {
    return this.#outstanding.length;
  }

  /** zxid of the oldest one. */
  get oldest(): bigint | undefined {
    return this.#outstanding.peek()?.entry.zxid;
  }

  entries(): HistoryEntry[] {
    return [...this.#all()].map(({ entry }) => entry);
  }

  add(entry: HistoryEntry, next: Membership | undefined): void {
    this.#outstanding.push({ entry, next, voters: this.#context.voters, acks: 0 });
  }

  /** `sid` has the proposal of `zxid` on disk; that of another zxid counts for nothing. */
  acknowledge(sid: bigint, zxid: bigint): void {
    const { oldest } = this;
    if (oldest === undefined || zxid < oldest) return;
    const proposal = this.#outstanding.at(Number(zxid - oldest));
    if (proposal !== undefined) proposal.acks |= proposal.voters.bit(sid);
  }

  /** All of them, for a voter that logs them anew: what it has acknowledged before is void. */
  resend(sid: bigint): HistoryEntry[] {
    this.withdraw(sid);
    return this.entries();
  }

  /** What `sid` has acknowledged is being cut off its log: it has to log it again. */
  withdraw(sid: bigint): void {
    for (const proposal of this.#all()) proposal.acks &= ~proposal.voters.bit(sid);
  }

  /**
   * A reconfiguration before all that is outstanding is committed: from now on the new voters
   * decide alone. Old ones may have gone already, and would never acknowledge it.
   */
  transfer(): void {
    const { voters } = this.#context;
    for (const proposal of this.#all()) {
      const { acks, voters: before } = proposal;
      const kept = voters.sids.filter((sid) => (acks & before.bit(sid)) !== 0);
      proposal.acks = kept.reduce((mask, sid) => mask | voters.bit(sid), 0);
      proposal.voters = voters;
    }
  }

  /** Removes and returns the oldest proposal if it is committed. */
  takeCommitted(): Proposal | undefined {
    const proposal = this.#outstanding.peek();
    if (proposal?.voters.isQuorum(proposal.acks, "commit") !== true) return undefined;
    return this.#outstanding.shift();
  }

  /**
   * Who of `sids` has acknowledged the most of what is outstanding, so that the least is lost if
   * it leads next; undefined for nobody of nobody.
   */
  furthest(sids: readonly bigint[]): bigint | undefined {
    let ahead = sids;
    for (const { voters, acks } of this.#all()) {
      const further = ahead.filter((sid) => (acks & voters.bit(sid)) !== 0);
      if (further.length === 0) break;
      ahead = further;
    }
    return ahead[0];
  }

  *#all(): Iterable<Proposal> {
    for (let index = 0; index < this.length; index++) {
      const proposal = this.#outstanding.at(index);
      if (proposal !== undefined) yield proposal;
    }
  }
}
