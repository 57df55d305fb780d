/**
 * Tests of the simulator: the core or its disk is broken on purpose, and the simulator must
 * notice within a few seeds, most of the time by what clients can see alone.
 */
import { expect, test } from "vitest";
import { optionsOf } from "./options.ts";
import type { Mutation, SimOptions } from "./options.ts";
import { SimulationFailure, runSimulation } from "./simulation.ts";
import type { RunRequest } from "./simulation.ts";

/** The rule that the first of `seedsMax` seeds to fail found broken; one `among` these, if given. */
function firstBrokenRule(
  seedsMax: number,
  request: Omit<RunRequest, "seed">,
  among?: readonly string[],
): string | undefined {
  for (let seed = 1; seed <= seedsMax; seed++) {
    try {
      runSimulation({ ...request, seed });
    } catch (error) {
      if (!(error instanceof SimulationFailure)) throw error;
      const { rule } = error;
      if (among === undefined || (rule !== undefined && among.includes(rule))) return rule;
    }
  }
  return undefined;
}

const safetyRules = [
  "acknowledged writes survive",
  "committed prefixes agree",
  "one leader per epoch",
];

const seenByClients: [Mutation, string][] = [
  ["skip-fsync", "a disk that calls writes durable too early"],
  ["double-vote", "a vote that is counted twice"],
  ["early-commit", "a commit without a quorum"],
];

for (const [mutation, what] of seenByClients) {
  test(`${what} is noticed by what clients see`, () => {
    const rule = firstBrokenRule(150, { mutation, isBlackBox: true }, safetyRules);
    expect(rule).toBeDefined();
  });

  test(`${what} is noticed at once by a look at the disks`, () => {
    expect(firstBrokenRule(20, { mutation })).toBe("committed means durable");
  });
}

// Losing one copy of a committed transaction harms nobody until other servers lose theirs, too:
// clients can hardly see it, so only the disks are asked. It takes a disk whose snapshots are newer
// than where a deposed leader is to be cut.
test("a disk that forgets everything when it cannot be cut is noticed", () => {
  const { faults } = optionsOf(1);
  const override: Partial<SimOptions> = {
    snapshotEveryMs: 300,
    faults: {
      ...faults,
      leaderBias: 1,
      partitionEveryMs: 2_000,
      partitionMaxMs: 1_500,
      crashEveryMs: 3_000,
    },
  };
  const rule = firstBrokenRule(100, { mutation: "forget-on-truncate", override });
  expect(rule).toBe("committed means durable");
});

/** Leaders are cut off one by one, and their followers do not wait to elect another. */
const deposedLeaders: Partial<SimOptions> = {
  voters: 3,
  finalizeWaitMs: 20,
  turnMaxMs: 8,
  delayMaxMs: 5,
  spikeChance: 0,
  clients: 1,
  burstMax: 1,
  writeEveryMs: 50,
  syncEveryMs: 10,
  writersMove: true,
  tickMs: 250,
  syncLimitTicks: 4,
  faults: {
    ...optionsOf(1).faults,
    leaderBias: 1,
    crashEveryMs: 0,
    partitionEveryMs: 2_500,
    partitionMaxMs: 1_500,
    partitionResetChance: 0,
    giveUpChance: 1,
    asymmetricChance: 0,
    linkResetEveryMs: 0,
    electionResetEveryMs: 0,
    freezeEveryMs: 0,
    forgeEveryMs: 0,
    slowDiskEveryMs: 0,
  },
};

test("a sync that no quorum confirmed is noticed by what clients see", () => {
  const request = { isBlackBox: true, override: deposedLeaders };
  const rule = firstBrokenRule(10, { ...request, mutation: "unconfirmed-sync" });
  expect(rule).toBe("synced reads are fresh");
  expect(firstBrokenRule(10, request)).toBeUndefined();
});
