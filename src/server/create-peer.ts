/** Makes a server's replication core from its configuration and what its disk held. */
import { randomUUID } from "node:crypto";
import type { Random } from "../base/index.ts";
import type { Logger } from "../observe/index.ts";
import type { RecoveredState } from "../storage/index.ts";
import type { QuorumConfig, VolumeRecord } from "../wire/index.ts";
import { Peer, defaultTiming, membershipOf } from "../zab/index.ts";
import type { PeerOptions } from "../zab/index.ts";
import type { ServerConfig } from "./config/index.ts";

/** Bytes of committed transactions kept in memory for learners that lag. */
function historyBytesMax({ observerMasterPort, observerMasterBytesMax }: ServerConfig): number {
  return observerMasterPort === null ? 32 * 1024 * 1024 : observerMasterBytesMax;
}

/** Whether there are other servers that have whatever was acknowledged. */
export function hasOtherVoters({ replicated, servers, myId }: ServerConfig): boolean {
  const voters = [...servers.values()].filter(({ role }) => role === "participant");
  return replicated && voters.some(({ sid }) => sid !== myId);
}

export interface CreatePeerOptions {
  readonly config: ServerConfig;
  readonly sid: bigint;
  /** In force, as far as this server knows; without members on a standalone server. */
  readonly active: QuorumConfig;
  /** A newer one in the state. */
  readonly lastSeen: QuorumConfig | undefined;
  readonly disk: RecoveredState & { readonly volume: VolumeRecord };
  readonly logger: Logger;
  readonly random: Random;
}

export function createPeer(options: CreatePeerOptions): Peer {
  const { config, sid, lastSeen, disk, logger, random } = options;
  return new Peer({
    sid,
    ...memberships(options),
    ...(lastSeen === undefined ? {} : { lastSeen: membershipOf(lastSeen) }),
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
    historyLimits: { entriesMax: config.commitLogCount, bytesMax: historyBytesMax(config) },
    observers: {
      hasMasters: config.observerMasterPort !== null,
      reconnectDelayMs: config.observerReconnectDelayMs,
      electionDelayMs: config.observerElectionDelayMs,
      random,
    },
    disk,
    newEnsembleId: config.bootstrap === "explicit" ? randomUUID() : undefined,
    logger,
  });
}

/** A standalone server is a quorum of one, of which nobody else hears. */
function memberships({
  config,
  sid,
  active,
}: CreatePeerOptions): Pick<PeerOptions, "membership" | "reconfigEnabled"> {
  if (!config.replicated) {
    return { membership: { voters: [sid], observers: [], version: 0n, text: "" } };
  }
  const { reconfigEnabled, takesJoiners } = config;
  return { membership: { ...membershipOf(active), takesJoiners }, reconfigEnabled };
}
