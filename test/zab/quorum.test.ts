import { expect, test } from "vitest";
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
  const voters = new Voters([30n, 10n, 20n]);
  expect(voters.sids).toEqual([10n, 20n, 30n]);
  expect([10n, 20n, 30n, 40n].map((sid) => voters.bit(sid))).toEqual([1, 2, 4, 0]);
  expect(voters.has(40n)).toBe(false);
});

test("Voters.isAll() wants everybody", () => {
  const voters = new Voters([1n, 2n, 3n]);
  expect(voters.isAll(0b011)).toBe(false);
  expect(voters.isAll(0b111)).toBe(true);
});

test("Voters asks the injected rule, and says what for", () => {
  const asked: string[] = [];
  const voters = new Voters([1n, 2n, 3n], {
    isQuorum: (mask, voterCount, question) => {
      asked.push(`${question} ${mask} of ${voterCount}`);
      return true;
    },
  });
  expect(voters.isQuorum(0b001, "commit")).toBe(true);
  expect(asked).toEqual(["commit 1 of 3"]);
});

test("Voters refuses no voters, too many, and one twice", () => {
  expect(() => new Voters([])).toThrow("1 to 31 voters");
  expect(() => new Voters(Array.from({ length: 32 }, (_, sid) => BigInt(sid)))).toThrow("31");
  expect(() => new Voters([1n, 1n])).toThrow("one id");
});
