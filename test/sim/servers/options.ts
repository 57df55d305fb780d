/**
 * What a run of whole servers is made of. Every option is drawn from the seed, whole kinds of faults
 * are switched off in some runs (a rare one is found more easily without the noise of the others),
 * and the options of a failed run are printed with it.
 */
import { randomInt, seededRandom } from "../../../src/base/index.ts";
import type { Random } from "../../../src/base/index.ts";
import type { DiskTimes } from "../machine/file-operations.ts";
import type { NetworkTimes } from "../machine/tcp.ts";

/** Mean time between two faults of a kind in ms, or 0 for none of that kind. */
export interface FaultOptions {
  /** Chance that a fault of one server hits one that leads. */
  readonly leaderBias: number;
  /** A process ends: by a signal, or with the power of its machine. */
  readonly crashEveryMs: number;
  /** Chance that the power goes, and with it what was not synced. */
  readonly powerChance: number;
  /** Chance that all machines lose their power at once. */
  readonly crashAllChance: number;
  /** Chance that a crash waits for the end of one of the next operations of the disk. */
  readonly boundaryChance: number;
  readonly downMaxMs: number;
  /** A server is asked to stop, and does so in order. */
  readonly stopEveryMs: number;
  readonly partitionEveryMs: number;
  readonly partitionMaxMs: number;
  /** Chance that a partition holds in one direction only. */
  readonly asymmetricChance: number;
  /** Chance that the others give up at once who is cut off, and it does not hear of it. */
  readonly giveUpChance: number;
  /** Chance that clients are cut off together with their servers. */
  readonly clientsToo: number;
  /** Chance that a partition cuts a server off from its clients alone. */
  readonly onlyClientsChance: number;
  readonly linkResetEveryMs: number;
  readonly clientResetEveryMs: number;
  readonly freezeEveryMs: number;
  readonly freezeMaxMs: number;
  readonly slowDiskEveryMs: number;
  readonly slowDiskFactor: number;
  /** An operation of a disk fails, and the server gives up. */
  readonly diskErrorEveryMs: number;
  /** Wall clocks jump. */
  readonly clockJumpEveryMs: number;
  readonly clockJumpMaxMs: number;
  /** The disk of one server is lost, while all the others are up and have everything. */
  readonly wipeEveryMs: number;
  /** A bit of a log or snapshot of one server changes, on the same terms. */
  readonly rotEveryMs: number;
}

/** How members change and leaders are replaced on request, in the middle of faults. */
export interface MemberOptions {
  /** Servers that are in no configuration at the start, and may be in a later one. */
  readonly spares: number;
  /** Fewest voters that a change leaves. */
  readonly votersMin: number;
  /** Mean time between two changes in ms; 0 if configurations do not change in the run. */
  readonly changeEveryMs: number;
  /** Mean time between two hand-overs of the leadership in ms, or 0 for none. */
  readonly handOverEveryMs: number;
}

export interface SimOptions {
  readonly voters: number;
  readonly observers: number;
  /** How long faults are injected. */
  readonly faultyMs: number;
  /** How long the healed ensemble may take to serve everybody. */
  readonly healMaxMs: number;
  readonly network: NetworkTimes;
  readonly disk: DiskTimes;
  /** Longest time for which a turn of a server waits, so that inputs gather. */
  readonly turnMaxMs: number;
  readonly faults: FaultOptions;
  readonly tickMs: number;
  readonly initLimitTicks: number;
  readonly syncLimitTicks: number;
  /** Transactions between two snapshots of a server. */
  readonly snapCount: number;
  /** Transactions kept in memory for learners that lag. */
  readonly commitLogCount: number;
  readonly preAllocKb: number;
  readonly txnLogLimitKb: number;
  /** How much faster or slower than true a machine's clock may go, as a fraction. */
  readonly clockDrift: number;
  readonly clients: number;
  readonly sessionTimeoutMs: number;
  readonly requestEveryMs: number;
  /** Share of requests that change something, and of those that read behind a sync. */
  readonly writeShare: number;
  readonly syncShare: number;
  /** Most requests that a client sends at once. */
  readonly burstMax: number;
  /** Requests of a client without an answer above which it sends no more. */
  readonly outstandingMax: number;
  readonly watchesMax: number;
  /** How often clients leave: in order, or by falling silent for good. */
  readonly clientEndEveryMs: number;
  /** Whether followers serve observers. */
  readonly observerMasters: boolean;
  readonly members: MemberOptions;
}

/** The options of the run with this seed. */
export function optionsOf(seed: number): SimOptions {
  const random = seededRandom(seed ^ 0x5eed);
  const delayMinMs = randomInt(random, 0, 3);
  const tickMs = pick(random, [100, 200]);
  const voters = pick(random, [1, 2, 3, 3, 3, 3, 3, 4, 5, 5]);
  const faults = drawFaults(random);
  return {
    voters,
    observers: voters === 1 ? 0 : pick(random, [0, 0, 0, 1]),
    faultyMs: randomInt(random, 2_500, 7_500),
    healMaxMs: 20_000,
    network: {
      delayMinMs,
      delayMaxMs: delayMinMs + pick(random, [1, 3, 10, 30]),
      spikeChance: pick(random, [0, 0, 0.005, 0.02]),
      spikeMs: randomInt(random, 50, 500),
    },
    disk: { syncMinMs: randomInt(random, 0, 3), syncMaxMs: pick(random, [3, 8, 20]) },
    turnMaxMs: pick(random, [1, 4, 4, 20]),
    faults,
    tickMs,
    initLimitTicks: 3_000 / tickMs,
    syncLimitTicks: pick(random, [600, 1_000]) / tickMs,
    snapCount: pick(random, [4, 20, 60, 100_000]),
    commitLogCount: pick(random, [1, 5, 20, 500]),
    preAllocKb: pick(random, [1, 4, 64]),
    txnLogLimitKb: pick(random, [0, 0, 2]),
    clockDrift: pick(random, [0, 0.01, 0.05]),
    clients: randomInt(random, 2, 6),
    sessionTimeoutMs: pick(random, [1_000, 2_000, 4_000]),
    requestEveryMs: pick(random, [15, 40, 120]),
    writeShare: pick(random, [0.5, 0.5, 0.1]),
    syncShare: pick(random, [0.1, 0.4]),
    burstMax: pick(random, [1, 3, 8]),
    outstandingMax: pick(random, [1, 8, 30]),
    watchesMax: pick(random, [0, 4, 12]),
    clientEndEveryMs: pick(random, [0, 1_500, 4_000]),
    observerMasters: pick(random, [true, false]),
    members: drawMembers(random, faults),
  };
}

function drawFaults(random: Random): FaultOptions {
  const often = (atLeastMs: number, atMostMs: number, chance: number): number =>
    drawOften(random, { atLeastMs, atMostMs, chance });
  return {
    leaderBias: pick(random, [0, 0.5, 0.9]),
    crashEveryMs: often(200, 2_500, 0.7),
    powerChance: pick(random, [0.3, 1]),
    crashAllChance: pick(random, [0, 0.15, 0.4]),
    boundaryChance: pick(random, [0, 0.5, 1]),
    downMaxMs: pick(random, [100, 800, 2_500]),
    stopEveryMs: often(800, 3_000, 0.25),
    partitionEveryMs: often(200, 2_500, 0.5),
    partitionMaxMs: pick(random, [300, 1_200, 3_000]),
    asymmetricChance: pick(random, [0, 0.3]),
    giveUpChance: pick(random, [0, 0, 0.5, 1]),
    clientsToo: pick(random, [0, 0.5]),
    onlyClientsChance: pick(random, [0, 0, 0.4]),
    linkResetEveryMs: often(60, 2_000, 0.5),
    clientResetEveryMs: often(60, 1_500, 0.5),
    freezeEveryMs: often(300, 3_000, 0.4),
    freezeMaxMs: pick(random, [300, 900, 3_000]),
    slowDiskEveryMs: often(300, 3_000, 0.3),
    slowDiskFactor: pick(random, [5, 30]),
    diskErrorEveryMs: often(1_000, 4_000, 0.15),
    clockJumpEveryMs: often(300, 2_000, 0.3),
    clockJumpMaxMs: pick(random, [2_000, 100_000]),
    wipeEveryMs: often(800, 2_500, 0.25),
    rotEveryMs: often(400, 2_000, 0.25),
  };
}

function drawMembers(random: Random, { wipeEveryMs, rotEveryMs }: FaultOptions): MemberOptions {
  const changeEveryMs = drawOften(random, { atLeastMs: 100, atMostMs: 1_500, chance: 0.35 });
  return {
    spares: changeEveryMs === 0 ? 0 : randomInt(random, 0, 3),
    // Where disks are lost one at a time, fewer voters would be no quorum without that one.
    votersMin: wipeEveryMs + rotEveryMs > 0 ? 3 : pick(random, [1, 1, 2, 3]),
    changeEveryMs,
    handOverEveryMs: drawOften(random, { atLeastMs: 300, atMostMs: 3_000, chance: 0.25 }),
  };
}

/** Drawn evenly by order of magnitude: some runs hardly come to rest between two faults. */
function drawOften(
  random: Random,
  range: { readonly atLeastMs: number; readonly atMostMs: number; readonly chance: number },
): number {
  const { atLeastMs, atMostMs, chance } = range;
  const everyMs = Math.round(atLeastMs * (atMostMs / atLeastMs) ** random.next());
  return random.next() < chance ? everyMs : 0;
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[randomInt(random, 0, from.length)]!;
}
