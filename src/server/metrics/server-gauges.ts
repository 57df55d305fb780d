/**
 * What is read off a server at the moment when somebody asks for its metrics. The server provides
 * it; `metric-table.ts` says under which names it is shown.
 */
import type { Summary } from "../../observe/index.ts";
import type { FileDescriptors } from "./file-descriptors.ts";
import type { QuotaGauge } from "./quota-gauges.ts";
import type { ServerMetrics } from "./server-metrics.ts";

/** Of a server that leads a quorum. */
export interface LeaderGauges {
  readonly learners: number;
  readonly syncedFollowers: number;
  readonly pendingSyncs: number;
  readonly uptimeMs: number;
}

/** One reading of the server's state. */
export interface ServerGauges {
  readonly latencyMinMs: number;
  readonly latencyMeanMs: number;
  readonly latencyMaxMs: number;
  readonly packetsReceived: number;
  readonly packetsSent: number;
  readonly connections: number;
  /** Requests of clients here that have no answer yet. */
  readonly outstandingRequests: number;
  /** Replies longer than `jute.maxbuffer`, which clients refuse by default. */
  readonly largeReplies: number;
  /** Requests refused for their size while too many large ones were under way. */
  readonly largeRequestsRefused: number;
  /** Requests held back because too many were under way. */
  readonly requestsHeld: number;
  /** Sessions not opened for want of connection tokens. */
  readonly connectionsThrottled: number;
  readonly fileDescriptors: FileDescriptors | null;
  readonly uptimeMs: number;
  readonly nodes: number;
  readonly watches: number;
  readonly ephemerals: number;
  readonly dataBytes: number;
  readonly globalSessions: number;
  readonly localSessions: number;
  /** Voters; null for a standalone server. */
  readonly quorumSize: number | null;
  /** Observers that learn from this server and are in service. */
  readonly syncedObservers: number;
  /** Null unless this server leads a quorum. */
  readonly leader: LeaderGauges | null;
  readonly quotas: readonly QuotaGauge[];
  /** Requests refused for a quota, by the first name of its path. */
  readonly quotaRefusals: ReadonlyMap<string, number>;
  readonly isDiskFull: boolean;
  /** Whether one sync has taken too long, and is still under way. */
  readonly isDiskStalled: boolean;
  /** Whether a damaged history was moved aside, and no leader has given another one yet. */
  readonly isQuarantined: boolean;
  /** Damaged histories that were moved aside and are still there. */
  readonly quarantineCount: number;
  /** Bytes appended to the log that no sync has taken yet. */
  readonly logPendingBytes: number;
}

/** Where metrics are read. */
export interface MetricSources {
  readonly counters: ServerMetrics;
  /** Writes of the log with their syncs, and of snapshots, in ms. */
  readonly syncMs: Summary;
  readonly snapshotMs: Summary;
  gauges(): ServerGauges;
}
