import { expect, test } from "vitest";
import { parseQuorumConfig } from "../../src/wire/index.ts";
import type { QuorumConfig } from "../../src/wire/index.ts";
import { Voters, bitCount, majorityRule } from "../../src/zab/quorum.ts";

function naiveCount(mask: number): number {
  return mask.toString(2).replaceAll("0", "").length;
}

test("bitCount() counts as counting digits does", () => {
  for (let mask = 0; mask < 512; mask++) expect(bitCount(mask)).toBe(naiveCount(mask));
});

test("majorityRule wants more than half, so that any two quorums share a voter", () => {
  for (let voterCount = 1; voterCount <= 6; voterCount++) {
    const quorums: number[] = [];
    for (let mask = 0; mask < 1 << voterCount; mask++) {
      const isQuorum = majorityRule.isQuorum(mask, voterCount, "commit");
      expect(isQuorum).toBe(naiveCount(mask) > voterCount / 2);
      if (isQuorum) quorums.push(mask);
    }
    for (const one of quorums) for (const other of quorums) expect(one & other).not.toBe(0);
  }
});

test("Voters gives each voter a bit of its own and others none", () => {
  const voters = new Voters([{ voters: [30n, 10n, 20n] }]);
  expect(voters.sids).toEqual([10n, 20n, 30n]);
  expect([10n, 20n, 30n, 40n].map((sid) => voters.bit(sid))).toEqual([1, 2, 4, 0]);
  expect(voters.has(40n)).toBe(false);
});

test("Voters.isAll() wants everybody", () => {
  const voters = new Voters([{ voters: [1n, 2n, 3n] }]);
  expect(voters.isAll(0b011)).toBe(false);
  expect(voters.isAll(0b111)).toBe(true);
});

test("Voters asks the injected rule, and says what for", () => {
  const asked: string[] = [];
  const voters = new Voters([{ voters: [1n, 2n, 3n] }], {
    isQuorum: (mask, voterCount, question) => {
      asked.push(`${question} ${mask} of ${voterCount}`);
      return true;
    },
  });
  expect(voters.isQuorum(0b001, "commit")).toBe(true);
  expect(asked).toEqual(["commit 1 of 3"]);
});

test("Voters refuses no voters, too many, and one twice", () => {
  expect(() => new Voters([{ voters: [] }])).toThrow("1 to 31 voters");
  const many = Array.from({ length: 32 }, (_, sid) => BigInt(sid));
  expect(() => new Voters([{ voters: many }])).toThrow("31");
  expect(() => new Voters([{ voters: [1n, 1n] }])).toThrow("one id");
});

test("Voters of two configurations wants a quorum of each, and a bit for everybody", () => {
  const voters = new Voters([{ voters: [1n, 2n, 3n] }, { voters: [3n, 4n, 5n] }]);
  const mask = (...sids: bigint[]): number => sids.reduce((sum, sid) => sum | voters.bit(sid), 0);
  expect(voters.sids).toEqual([1n, 2n, 3n, 4n, 5n]);
  expect(voters.isQuorum(mask(1n, 2n, 3n), "commit")).toBe(false);
  expect(voters.isQuorum(mask(3n, 4n, 5n), "commit")).toBe(false);
  expect(voters.isQuorum(mask(1n, 3n, 5n), "commit")).toBe(true);
  expect(voters.isAll(mask(1n, 2n, 3n, 4n))).toBe(false);
});

/** Containing a quorum, word for word as the rule is stated. */
function naiveHierarchical(
  sids: ReadonlySet<bigint>,
  { groups, weights }: Pick<QuorumConfig, "groups" | "weights">,
): boolean {
  const weightOf = (members: readonly bigint[]): bigint =>
    members.reduce((sum, sid) => sum + (weights.get(sid) ?? 0n), 0n);
  const weighty = [...groups.values()].filter((members) => weightOf(members) > 0n);
  const won = weighty.filter((members) => {
    const present = members.filter((sid) => sids.has(sid));
    return weightOf(present) > weightOf(members) / 2n;
  });
  return won.length > Math.floor(weighty.length / 2);
}

test("Voters with groups wants most of the weight in most of the groups that have any", () => {
  const lines = [1, 2, 3, 4, 5, 6, 7, 8].map((sid) => `server.${sid}=zk${sid}:1:2`);
  const groups = ["group.1=1:2:3", "group.2=4:5", "group.3=6:7", "group.4=8"];
  const weights = ["weight.3=2", "weight.4=3", "weight.6=0", "weight.8=0"];
  const config = parseQuorumConfig([...lines, ...groups, ...weights].join("\n"));
  const sids = [...config.servers.keys()];
  const voters = new Voters([{ voters: sids, config }]);
  const quorums: number[] = [];
  for (let mask = 0; mask < 1 << sids.length; mask++) {
    const present = new Set(sids.filter((_, index) => (mask & (1 << index)) !== 0));
    expect(voters.isQuorum(mask, "commit")).toBe(naiveHierarchical(present, config));
    if (voters.isQuorum(mask, "commit")) quorums.push(mask);
  }
  for (const one of quorums) for (const other of quorums) expect(one & other).not.toBe(0);
  expect(quorums.length).toBeGreaterThan(0);
  expect(sids.filter((sid) => !voters.mayLead(sid))).toEqual([6n, 8n]);
});
