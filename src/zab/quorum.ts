/**
 * Quorums of voters. A set of voters is a bit mask: bit n stands for the n-th voter in ascending
 * order of server id, so that counting acknowledgements on the hot path costs an OR and a count.
 * While a change of the configuration is under way there are two electorates: the bits stand for
 * the voters of both, and what is to be decided needs a quorum of each.
 */
import { assert } from "../base/index.ts";
import type { QuorumConfig } from "../wire/index.ts";

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
export const votersMax = 31;

/** The voters of one configuration; with groups, if it has any. */
export interface Electorate {
  readonly voters: readonly bigint[];
  readonly config?: Pick<QuorumConfig, "groups" | "weights">;
}

/** An electorate within the masks. */
interface Part {
  /** All its voters. */
  readonly mask: number;
  readonly voterCount: number;
  readonly rule: QuorumRule;
}

/** The voters of one configuration, or of two, and the rules by which they decide. */
export class Voters {
  /** Everybody with a vote in any of the electorates, ascending. */
  readonly sids: readonly bigint[];
  readonly #bits = new Map<bigint, number>();
  readonly #parts: readonly Part[];
  readonly #leaders: number;

  /** @param rule for electorates without groups. */
  constructor(electorates: readonly Electorate[], rule: QuorumRule = majorityRule) {
    const all = new Set(electorates.flatMap(({ voters }) => voters));
    this.sids = [...all].sort((a, b) => (a < b ? -1 : 1));
    assert(this.sids.length >= 1 && this.sids.length <= votersMax, "1 to 31 voters");
    this.sids.forEach((sid, index) => this.#bits.set(sid, 1 << index));
    this.#parts = electorates.map((electorate) => this.#part(electorate, rule));
    this.#leaders = electorates.reduce((mask, { voters, config }) => {
      const able = voters.filter((sid) => config?.weights.get(sid) !== 0n);
      return mask | this.#mask(able);
    }, 0);
  }

  has(sid: bigint): boolean {
    return this.#bits.has(sid);
  }

  /** Whether `sid` has a vote of any weight: what weighs nothing never leads. */
  mayLead(sid: bigint): boolean {
    return (this.bit(sid) & this.#leaders) !== 0;
  }

  /** The mask of one voter; 0 for a server without a vote, which thus never counts. */
  bit(sid: bigint): number {
    return this.#bits.get(sid) ?? 0;
  }

  /** Whether `mask` has a quorum of each electorate. */
  isQuorum(mask: number, question: QuorumQuestion): boolean {
    for (const part of this.#parts) {
      if (!part.rule.isQuorum(mask & part.mask, part.voterCount, question)) return false;
    }
    return true;
  }

  /** The voters that are not in `mask`. */
  others(mask: number): number {
    return this.sids.reduce((all, sid) => all | this.bit(sid), 0) & ~mask;
  }

  /** Whether every voter is in `mask`. */
  isAll(mask: number): boolean {
    return bitCount(mask) === this.sids.length;
  }

  #part({ voters, config }: Electorate, rule: QuorumRule): Part {
    const mask = this.#mask(voters);
    assert(bitCount(mask) === voters.length, "a voter has one id");
    const isHierarchical = config !== undefined && config.groups.size > 0;
    return {
      mask,
      voterCount: voters.length,
      rule: isHierarchical ? hierarchicalRule(config, (sid) => this.bit(sid)) : rule,
    };
  }

  #mask(sids: readonly bigint[]): number {
    return sids.reduce((mask, sid) => mask | this.bit(sid), 0);
  }
}

/**
 * More than half of the weight in more than half of the groups that have any weight (ZooKeeper's
 * `QuorumHierarchical`).
 */
function hierarchicalRule(
  { groups, weights }: Pick<QuorumConfig, "groups" | "weights">,
  bitOf: (sid: bigint) => number,
): QuorumRule {
  const weighed = [...groups.values()].map((sids) => {
    const members = sids.map((sid) => ({
      bit: bitOf(sid),
      weight: Number(weights.get(sid) ?? 0n),
    }));
    return { members, weight: members.reduce((sum, { weight }) => sum + weight, 0) };
  });
  const counted = weighed.filter(({ weight }) => weight > 0);
  return {
    isQuorum: (mask) => {
      let won = 0;
      for (const group of counted) {
        let weight = 0;
        for (const member of group.members) {
          if ((mask & member.bit) !== 0) weight += member.weight;
        }
        if (weight * 2 > group.weight) won += 1;
      }
      return won * 2 > counted.length;
    },
  };
}

export function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
