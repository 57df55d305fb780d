/** Circumstances in which certain defects show soon: options in place of those that a seed draws. */
import type { FaultOptions, MemberOptions, SimOptions } from "../options.ts";

const noFaults: FaultOptions = {
  leaderBias: 0.5,
  crashEveryMs: 0,
  powerChance: 1,
  crashAllChance: 0,
  boundaryChance: 0,
  downMaxMs: 400,
  stopEveryMs: 0,
  partitionEveryMs: 0,
  partitionMaxMs: 1_500,
  asymmetricChance: 0,
  giveUpChance: 0,
  clientsToo: 0,
  onlyClientsChance: 0,
  linkResetEveryMs: 0,
  clientResetEveryMs: 0,
  freezeEveryMs: 0,
  freezeMaxMs: 900,
  slowDiskEveryMs: 0,
  slowDiskFactor: 10,
  diskErrorEveryMs: 0,
  clockJumpEveryMs: 0,
  clockJumpMaxMs: 2_000,
  wipeEveryMs: 0,
  rotEveryMs: 0,
};

const noChanges: MemberOptions = { spares: 0, votersMin: 1, changeEveryMs: 0, handOverEveryMs: 0 };

const busy: Partial<SimOptions> = {
  voters: 3,
  observers: 0,
  faultyMs: 6_000,
  turnMaxMs: 4,
  clients: 4,
  requestEveryMs: 30,
  burstMax: 3,
  outstandingMax: 8,
  members: noChanges,
};

/** The power goes again and again, often everywhere, while disks are slow. */
export const powerCuts: Partial<SimOptions> = {
  ...busy,
  disk: { syncMinMs: 2, syncMaxMs: 20 },
  faults: {
    ...noFaults,
    crashEveryMs: 400,
    crashAllChance: 0.4,
    boundaryChance: 0.5,
    slowDiskEveryMs: 800,
  },
};

/** Leaders are cut off from the other servers, not from their clients. */
export const cutOffLeaders: Partial<SimOptions> = {
  ...busy,
  tickMs: 200,
  syncLimitTicks: 5,
  network: { delayMinMs: 0, delayMaxMs: 3, spikeChance: 0, spikeMs: 0 },
  faults: { ...noFaults, leaderBias: 1, partitionEveryMs: 900, giveUpChance: 0.8 },
};

/** Disks are lost one after the other, and the power goes whenever something is about to be written. */
export const lostDisks: Partial<SimOptions> = {
  ...busy,
  faults: {
    ...noFaults,
    crashEveryMs: 200,
    crashAllChance: 0.2,
    boundaryChance: 1,
    wipeEveryMs: 600,
  },
};

/** Bits change on one disk after the other, and snapshots are taken often. */
export const rottenDisks: Partial<SimOptions> = {
  ...busy,
  snapCount: 20,
  faults: {
    ...noFaults,
    leaderBias: 0.3,
    crashEveryMs: 500,
    partitionEveryMs: 600,
    rotEveryMs: 200,
  },
};

/** Bits change in logs, and the power goes again and again, often everywhere. */
export const rottenLogs: Partial<SimOptions> = {
  ...busy,
  snapCount: 60,
  requestEveryMs: 60,
  disk: { syncMinMs: 0, syncMaxMs: 5 },
  faults: {
    ...noFaults,
    leaderBias: 0.3,
    crashEveryMs: 300,
    crashAllChance: 0.4,
    downMaxMs: 1_500,
    partitionEveryMs: 400,
    partitionMaxMs: 800,
    rotEveryMs: 300,
  },
};

/** Connections break, and servers of quick disks come and go with their memory behind. */
export const restless: Partial<SimOptions> = {
  ...busy,
  commitLogCount: 5,
  snapCount: 20,
  faults: {
    ...noFaults,
    leaderBias: 0.9,
    crashEveryMs: 500,
    powerChance: 0.5,
    linkResetEveryMs: 300,
    partitionEveryMs: 1_500,
  },
};

/** Leaders are cut off with writes that nobody else has, and snapshots are taken all the time. */
export const losingLeaders: Partial<SimOptions> = {
  ...busy,
  tickMs: 200,
  syncLimitTicks: 5,
  snapCount: 3,
  commitLogCount: 5,
  faults: {
    ...noFaults,
    leaderBias: 1,
    crashEveryMs: 700,
    powerChance: 0.3,
    partitionEveryMs: 700,
    giveUpChance: 0.3,
  },
};

/** Clients lose their connections all the time. */
export const movingClients: Partial<SimOptions> = {
  ...busy,
  watchesMax: 12,
  faults: { ...noFaults, clientResetEveryMs: 80, partitionEveryMs: 2_000, clientsToo: 0.5 },
};

/** A server without others. */
export const alone: Partial<SimOptions> = { ...powerCuts, voters: 1 };

/** Members change again and again, while servers are cut off and lose their power. */
export const changingMembers: Partial<SimOptions> = {
  ...busy,
  members: { spares: 2, votersMin: 1, changeEveryMs: 200, handOverEveryMs: 0 },
  faults: { ...noFaults, leaderBias: 0.5, crashEveryMs: 1_500, partitionEveryMs: 500 },
};

/** Nothing happens. */
export const calm: Partial<SimOptions> = {
  ...busy,
  sessionTimeoutMs: 1_000,
  requestEveryMs: 120,
  faults: noFaults,
};

/** Servers wait long for others, and sessions are short. */
export const longWaits: Partial<SimOptions> = {
  ...busy,
  faultyMs: 9_000,
  sessionTimeoutMs: 1_000,
  clientEndEveryMs: 700,
  faults: { ...noFaults, crashEveryMs: 1_200, downMaxMs: 9_000 },
};

/** Leaders hand over all the time, while servers and clients lose sight of each other. */
export const handOvers: Partial<SimOptions> = {
  ...busy,
  voters: 5,
  faultyMs: 9_000,
  clients: 5,
  requestEveryMs: 150,
  tickMs: 200,
  syncLimitTicks: 5,
  sessionTimeoutMs: 1_000,
  watchesMax: 12,
  members: { ...noChanges, handOverEveryMs: 200 },
  faults: {
    ...noFaults,
    leaderBias: 0.3,
    partitionEveryMs: 800,
    partitionMaxMs: 2_500,
    onlyClientsChance: 1,
  },
};

/** Leaders try to hand over to servers that are in no state to lead, and others come late. */
export const failingHandOvers: Partial<SimOptions> = {
  ...busy,
  voters: 5,
  faultyMs: 9_000,
  clients: 5,
  tickMs: 200,
  syncLimitTicks: 10,
  sessionTimeoutMs: 4_000,
  members: { ...noChanges, handOverEveryMs: 200 },
  faults: { ...noFaults, leaderBias: 0, freezeEveryMs: 250, freezeMaxMs: 1_500 },
};

/** Nothing happens but hand-overs. */
export const calmHandOvers: Partial<SimOptions> = {
  ...calm,
  faultyMs: 9_000,
  members: { ...noChanges, handOverEveryMs: 500 },
};
