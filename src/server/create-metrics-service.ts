/**
 * Puts a server's metrics together: what it has counted, and what is read off it at the moment of
 * the question (role, tree, clients, learners).
 */
import type { Logger } from "../observe/index.ts";
import type { Storage } from "../storage/index.ts";
import { MetricsService, readFileDescriptors, readQuotaGauges } from "./metrics/index.ts";
import type { LeaderGauges, ServerGauges } from "./metrics/index.ts";
import type { QuotaReport } from "./quota-report.ts";
import type { EnsembleView } from "./reconfig/index.ts";
import type { Replica } from "./replica.ts";
import type { RequestProcessor } from "./request-processor.ts";
import type { ServerConfig } from "./config/index.ts";
import type { Learner } from "../zab/index.ts";

/** A server, for those who read it. */
export interface ServerParts {
  readonly config: ServerConfig;
  readonly replica: Replica;
  readonly processor: RequestProcessor;
  readonly storage: Storage;
  readonly quotaReport: QuotaReport;
  /** Who the members are. */
  readonly view: EnsembleView;
  readonly logger: Logger;
}

/** The metrics of a server that has been put together. */
export function createMetricsService(parts: ServerParts): MetricsService {
  const { config, storage, processor, logger } = parts;
  const { syncMs, snapshotMs } = storage.stats;
  const gauges = (): ServerGauges => readGauges(parts);
  const sources = { counters: processor.metrics, syncMs, snapshotMs, gauges };
  return new MetricsService(config.metrics, sources, logger);
}

function readGauges(parts: ServerParts): ServerGauges {
  const { config, replica, processor, storage, quotaReport, view } = parts;
  const { tree } = replica;
  const { statistics, connections, watches, limits } = processor;
  let outstandingRequests = 0;
  for (const connection of connections) outstandingRequests += connection.pendingCount;
  const members = [...view.active.servers.values()];
  return {
    latencyMinMs: statistics.latency.minMs,
    latencyMeanMs: statistics.latency.meanMs,
    latencyMaxMs: statistics.latency.maxMs,
    packetsReceived: statistics.received,
    packetsSent: statistics.sent,
    connections: connections.size,
    outstandingRequests,
    largeReplies: statistics.longReplies,
    largeRequestsRefused: limits.largeRefusedCount,
    requestsHeld: limits.heldCount,
    connectionsThrottled: statistics.throttledConnections,
    fileDescriptors: readFileDescriptors(),
    uptimeMs: processor.nowMs() - processor.metrics.startedAtMs,
    nodes: tree.nodeCount,
    watches: watches.watchCount,
    ephemerals: tree.ephemeralCount,
    dataBytes: tree.approximateDataBytes,
    globalSessions: tree.globalSessions.size,
    localSessions: processor.localSessionCount,
    quorumSize: config.replicated
      ? members.filter(({ role }) => role === "participant").length
      : null,
    syncedObservers: countSynced(replica.peer.learners(), false),
    leader: config.replicated ? readLeaderGauges(parts) : null,
    quotas: readQuotaGauges(tree),
    quotaRefusals: quotaReport.refusals,
    isDiskFull: replica.diskCondition.isFull,
    isDiskStalled: replica.diskCondition.syncingForMs >= config.diskStallLimitMs,
    logPendingBytes: storage.pendingBytes,
    isQuarantined: storage.isQuarantined,
    quarantineCount: storage.quarantineCount,
  };
}

function countSynced(learners: Iterable<Learner>, areFollowers: boolean): number {
  let count = 0;
  for (const { stage, isFollower } of learners) {
    if (stage === "synced" && isFollower === areFollowers) count += 1;
  }
  return count;
}

function readLeaderGauges({ replica, processor }: ServerParts): LeaderGauges | null {
  const { leader } = replica.peer;
  if (leader === undefined) return null;
  const learners = [...leader.learners()];
  return {
    learners: learners.length,
    syncedFollowers: countSynced(learners, true),
    pendingSyncs: leader.pendingSyncCount,
    uptimeMs: processor.metrics.roles.leaderUptimeMs(processor.nowMs()) ?? 0,
  };
}
