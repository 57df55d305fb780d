/**
 * What a run is made of. Every option is drawn from the seed, whole kinds of faults are switched
 * off in some runs (swarm testing: a rare fault is found more easily without the noise of the
 * others), and the options of a failed run are printed with it.
 */
import { randomInt, seededRandom } from "../../src/base/index.ts";
import type { Random } from "../../src/base/index.ts";

/** Ways to break the core or its disk on purpose, so that the simulator shows that it notices. */
export const mutations = [
  /** Writes are called durable before they are. */
  "skip-fsync",
  /** The first voter counts double. */
  "double-vote",
  /** A leader commits what only it has acknowledged. */
  "early-commit",
  /** A disk that cannot go back to a zxid forgets everything instead of saying so. */
  "forget-on-truncate",
  /** A leader answers a sync without asking anybody whether it still leads. */
  "unconfirmed-sync",
] as const;
export type Mutation = (typeof mutations)[number];

export interface DiskOptions {
  /** Shortest and longest time of a sync. */
  readonly syncMinMs: number;
  readonly syncMaxMs: number;
  /** Most writes that one sync makes durable. */
  readonly batchMax: number;
  readonly lies: boolean;
  readonly forgets: boolean;
}

/** Mean time between two faults of a kind, or 0 for none of that kind. */
export interface FaultOptions {
  /** Chance that a fault of one server hits one that believes to lead. */
  readonly leaderBias: number;
  readonly crashEveryMs: number;
  /** Chance that a crash takes all servers at once. */
  readonly crashAllChance: number;
  readonly downMaxMs: number;
  readonly partitionEveryMs: number;
  readonly partitionMaxMs: number;
  /** Chance that a partition also cuts the connections, instead of only holding packets back. */
  readonly partitionResetChance: number;
  /** Chance that a partition makes learners give up their leader, who does not hear of it. */
  readonly giveUpChance: number;
  /** Chance that a partition holds in one direction only. */
  readonly asymmetricChance: number;
  readonly linkResetEveryMs: number;
  readonly electionResetEveryMs: number;
  readonly freezeEveryMs: number;
  readonly freezeMaxMs: number;
  /** How often elections go astray: votes are forged, so that some servers elect anybody. */
  readonly forgeEveryMs: number;
  readonly slowDiskEveryMs: number;
  readonly slowDiskFactor: number;
}

export interface SimOptions {
  readonly voters: number;
  readonly observers: number;
  /** How long faults are injected. */
  readonly faultyMs: number;
  /** How long the healed ensemble may take to converge. */
  readonly healMaxMs: number;
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  /** Chance that a packet takes `spikeMs` longer; later ones of its stream wait behind it. */
  readonly spikeChance: number;
  readonly spikeMs: number;
  /** Longest time for which a server gathers inputs before it works on them. */
  readonly turnMaxMs: number;
  readonly disk: DiskOptions;
  readonly faults: FaultOptions;
  /** Mean time between two snapshots of a server's own state, or 0. */
  readonly snapshotEveryMs: number;
  /** Entries that a peer keeps in memory for DIFF. */
  readonly historyEntriesMax: number;
  readonly counterMax: number;
  readonly clients: number;
  readonly writeEveryMs: number;
  readonly syncEveryMs: number;
  /** Most writes that a client sends at once. */
  readonly burstMax: number;
  /** Whether nobody writes at a leader that is cut off, which is then left with readers. */
  readonly writersMove: boolean;
  /** Proposals that are not decided, above which clients hold back, as a server makes them do. */
  readonly outstandingMax: number;
  readonly tickMs: number;
  readonly initLimitTicks: number;
  readonly syncLimitTicks: number;
  /** With a short wait, servers are elected that are behind others. */
  readonly finalizeWaitMs: number;
  readonly rebroadcastMaxMs: number;
  /** How much faster or slower than true a server's clock may go, as a fraction. */
  readonly clockDrift: number;
  /** Whether observers learn from followers where they can, and how long they wait at the most. */
  readonly observerMasters: boolean;
  readonly observerPauseMs: number;
  readonly mutation: Mutation | undefined;
}

/** The options of the run with this seed. */
export function optionsOf(seed: number, mutation?: Mutation): SimOptions {
  const random = seededRandom(seed ^ 0x5eed);
  const voters = pick(random, [1, 2, 3, 3, 3, 3, 4, 5, 5, 5]);
  const observers = pick(random, [0, 0, 0, 1, 2]);
  const delayMinMs = randomInt(random, 0, 5);
  const tickMs = pick(random, [50, 100, 250]);
  return {
    voters,
    observers,
    faultyMs: randomInt(random, 4_000, 16_000),
    healMaxMs: 20_000,
    delayMinMs,
    delayMaxMs: delayMinMs + pick(random, [1, 5, 20, 60]),
    spikeChance: pick(random, [0, 0, 0.005, 0.02]),
    spikeMs: randomInt(random, 50, 800),
    turnMaxMs: pick(random, [1, 8, 8, 60]),
    disk: {
      syncMinMs: randomInt(random, 0, 4),
      syncMaxMs: pick(random, [4, 10, 30]),
      batchMax: pick(random, [3, 10, 100]),
      lies: mutation === "skip-fsync",
      forgets: mutation === "forget-on-truncate",
    },
    faults: drawFaults(random),
    snapshotEveryMs: pick(random, [0, 500, 1_500, 5_000]),
    historyEntriesMax: pick(random, [1, 5, 20, 500]),
    counterMax: pick(random, [0xffffffff, 0xffffffff, 0xffffffff, randomInt(random, 3, 60)]),
    clients: randomInt(random, 1, 5),
    writeEveryMs: pick(random, [10, 50, 200]),
    syncEveryMs: pick(random, [10, 50, 200]),
    burstMax: pick(random, [1, 3, 10]),
    writersMove: pick(random, [true, false]),
    outstandingMax: 200,
    tickMs,
    // Enough for a handshake at the slowest network and disk that is drawn.
    initLimitTicks: 2_000 / tickMs,
    syncLimitTicks: pick(random, [500, 1_000]) / tickMs,
    finalizeWaitMs: pick(random, [0, 20, 200]),
    rebroadcastMaxMs: pick(random, [1_000, 5_000, 60_000]),
    clockDrift: pick(random, [0, 0.01, 0.1]),
    observerMasters: pick(random, [true, false]),
    observerPauseMs: pick(random, [0, 50, 500]),
    mutation,
  };
}

function drawFaults(random: Random): FaultOptions {
  // Drawn evenly by order of magnitude: some runs hardly come to rest between two faults.
  const often = (atLeastMs: number, atMostMs: number, chance: number): number => {
    const everyMs = Math.round(atLeastMs * (atMostMs / atLeastMs) ** random.next());
    return random.next() < chance ? everyMs : 0;
  };
  return {
    leaderBias: pick(random, [0, 0.5, 0.9]),
    crashEveryMs: often(100, 3_000, 0.75),
    crashAllChance: pick(random, [0, 0.1, 0.4]),
    downMaxMs: pick(random, [100, 1_000, 4_000]),
    partitionEveryMs: often(100, 3_000, 0.6),
    partitionMaxMs: pick(random, [300, 1_500, 4_000]),
    partitionResetChance: pick(random, [0, 0.5, 1]),
    giveUpChance: pick(random, [0, 0.5, 1]),
    asymmetricChance: pick(random, [0, 0.3]),
    linkResetEveryMs: often(50, 2_000, 0.5),
    electionResetEveryMs: often(30, 1_000, 0.5),
    freezeEveryMs: often(200, 4_000, 0.4),
    freezeMaxMs: pick(random, [300, 2_000, 5_000]),
    forgeEveryMs: often(200, 3_000, 0.4),
    slowDiskEveryMs: often(200, 4_000, 0.4),
    slowDiskFactor: pick(random, [5, 30]),
  };
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[randomInt(random, 0, from.length)]!;
}
