/**
 * Quorums of voters. A set of voters is a bit mask: bit n stands for the n-th voter in ascending
 * order of server id, so that counting acknowledgements on the hot path costs an OR and a count.
 * A `QuorumRule` answers whether a set is enough; the majority rule is the only one so far.
 */
import { assert } from "../base/index.ts";

/**
 * What a set of voters is to decide: whom to elect, an epoch, a new leader, a transaction, that
 * the leader has not been deposed.
 */
export type QuorumQuestion = "election" | "epoch" | "new-leader" | "commit" | "liveness" | "sync";

/** Decides whether a set of voters may decide for all. */
export interface QuorumRule {
  /**
   * Whether the voters in `mask` (of `voterCount`) are a quorum. Two quorums always intersect, so
   * a sound rule answers all questions alike.
   */
  isQuorum(mask: number, voterCount: number, question: QuorumQuestion): boolean;
}

/** More than half of the voters. */
export const majorityRule: QuorumRule = {
  isQuorum: (mask, voterCount) => bitCount(mask) * 2 > voterCount,
};

/** Most voters that a mask can hold. */
const votersMax = 31;

/** The voters of a configuration and the rule by which they decide. */
export class Voters {
  readonly sids: readonly bigint[];
  readonly #bits = new Map<bigint, number>();
  readonly #rule: QuorumRule;

  constructor(sids: Iterable<bigint>, rule: QuorumRule = majorityRule) {
    this.sids = [...sids].sort((a, b) => (a < b ? -1 : 1));
    assert(this.sids.length >= 1 && this.sids.length <= votersMax, "1 to 31 voters");
    this.sids.forEach((sid, index) => this.#bits.set(sid, 1 << index));
    assert(this.#bits.size === this.sids.length, "a voter has one id");
    this.#rule = rule;
  }

  has(sid: bigint): boolean {
    return this.#bits.has(sid);
  }

  /** The mask of one voter; 0 for a server without a vote, which thus never counts. */
  bit(sid: bigint): number {
    return this.#bits.get(sid) ?? 0;
  }

  isQuorum(mask: number, question: QuorumQuestion): boolean {
    return this.#rule.isQuorum(mask, this.sids.length, question);
  }

  /** The voters that are not in `mask`. */
  others(mask: number): number {
    return this.sids.reduce((all, sid) => all | this.bit(sid), 0) & ~mask;
  }

  /** Whether every voter is in `mask`. */
  isAll(mask: number): boolean {
    return bitCount(mask) === this.sids.length;
  }
}

export function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
