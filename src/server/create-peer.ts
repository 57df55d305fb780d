/**
 * The replication core of a server, as its configuration and its disk have it.
 */
import { randomUUID } from "node:crypto";
import type { Logger } from "../observe/index.ts";
import type { RecoveredState } from "../storage/index.ts";
import { formatQuorumConfig } from "../wire/index.ts";
import type { VolumeRecord } from "../wire/index.ts";
import { Peer, defaultTiming } from "../zab/index.ts";
import { quorumConfigOf } from "./config/index.ts";
import type { ServerConfig } from "./config/index.ts";

/** Bytes of committed transactions kept in memory for learners that lag. */
const historyBytesMax = 32 * 1024 * 1024;

/** Whether there are other servers that have whatever was acknowledged. */
export function hasOtherVoters({ replicated, servers, myId }: ServerConfig): boolean {
  const voters = [...servers.values()].filter(({ role }) => role === "participant");
  return replicated && voters.some(({ sid }) => sid !== myId);
}

/** The core of server `sid`, with what its disk held. */
export function createPeer(
  config: ServerConfig,
  sid: bigint,
  disk: RecoveredState & { readonly volume: VolumeRecord },
  logger: Logger,
): Peer {
  const members = [...config.servers.values()];
  const observers = members.filter((member) => member.role === "observer");
  const voters = members.filter((member) => member.role === "participant");
  return new Peer({
    sid,
    membership: {
      voters: config.replicated ? voters.map((member) => member.sid) : [sid],
      observers: observers.map((member) => member.sid),
      version: config.configVersion,
      takesJoiners: config.takesJoiners,
      text: config.replicated ? formatQuorumConfig(quorumConfigOf(config)) : "",
    },
    timing: {
      ...defaultTiming,
      tickMs: config.tickTimeMs,
      initLimitTicks: config.initLimitTicks,
      syncLimitTicks: config.syncLimitTicks,
      epochWaitMs: config.epochWaitMs ?? undefined,
      rebroadcastMinMs: config.electionNotificationMinMs,
      rebroadcastMaxMs: config.electionNotificationMaxMs,
    },
    learnerLimits: {
      queuedBytesMax: config.learnerQueueMaxKb * 1024,
      snapshotsMax: config.maxConcurrentSnapSyncs,
      diffsMax: config.maxConcurrentDiffSyncs,
    },
    historyLimits: { entriesMax: config.commitLogCount, bytesMax: historyBytesMax },
    disk,
    newEnsembleId: config.bootstrap === "explicit" ? randomUUID() : undefined,
    logger,
  });
}
