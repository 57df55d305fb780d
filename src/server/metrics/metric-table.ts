/**
 * The table of metrics: what a server exports, under which name and in which unit. Names without
 * the prefix `ensemble_` are Apache ZooKeeper 3.9's, with its types, units and meaning, so that
 * dashboards and alerts made for it work; what it exports of its threads and queues has no
 * counterpart here, and no row (`docs/metrics.md` lists it). Durations under ZooKeeper's names are
 * in milliseconds; the server's own histograms are in seconds, as is usual with Prometheus.
 */
import { Summary } from "../../observe/index.ts";
import { ErrorCode, EventType, errorCodeName } from "../../wire/index.ts";
import { counter, detailed, gauge, summary } from "./metric-row.ts";
import type { QuotaGauge } from "./quota-gauges.ts";
import type { HistogramRow, LabelledRow, MetricRow } from "./metric-row.ts";
import type { Reading } from "./metric-row.ts";

const clientRows: readonly MetricRow[] = [
  gauge("avg_latency", "Mean latency of requests, in ms", (at) => at.gauges.latencyMeanMs),
  gauge("max_latency", "Longest latency of a request, in ms", (at) => at.gauges.latencyMaxMs),
  gauge("min_latency", "Shortest latency of a request, in ms", (at) => at.gauges.latencyMinMs),
  detailed("readlatency", "Latency of requests that change nothing, in ms", (at) =>
    at.counters.requestTimes.reads(),
  ),
  detailed("updatelatency", "Latency of requests that are replicated, in ms", (at) =>
    at.counters.requestTimes.updates(),
  ),
  gauge("packets_received", "Requests received", (at) => at.gauges.packetsReceived),
  gauge("packets_sent", "Replies and watch events sent", (at) => at.gauges.packetsSent),
  counter("bytes_received_count", "Bytes of requests", (at) => at.counters.bytesReceived),
  counter("response_bytes", "Bytes of replies", (at) => at.counters.responseBytes),
  gauge(
    "last_client_response_size",
    "Bytes of the last reply, -1 before the first",
    (at) => at.counters.responseSizes.last,
  ),
  gauge(
    "max_client_response_size",
    "Bytes of the largest reply, -1 before the first",
    (at) => at.counters.responseSizes.max,
  ),
  gauge(
    "min_client_response_size",
    "Bytes of the smallest reply, -1 before the first",
    (at) => at.counters.responseSizes.min,
  ),
  gauge(
    "outstanding_requests",
    "Requests of clients here without an answer yet",
    (at) => at.gauges.outstandingRequests,
  ),
  counter("throttled_ops", "Requests answered with 'throttled'", (at) =>
    errors(at, ErrorCode.throttledOp),
  ),
  counter(
    "request_throttle_wait_count",
    "Times that a connection was held back",
    (at) => at.gauges.requestsHeld,
  ),
  counter(
    "large_requests_rejected",
    "Requests refused for their size",
    (at) => at.gauges.largeRequestsRefused,
  ),
  gauge("auth_failed_count", "Credentials refused", (at) => at.counters.authFailures),
  gauge("num_alive_connections", "Connections of clients", (at) => at.gauges.connections),
  counter(
    "connection_request_count",
    "Sessions asked for, new or earlier ones",
    (at) => at.counters.connectionRequests,
  ),
  counter(
    "connection_revalidate_count",
    "Earlier sessions asked for",
    (at) => at.counters.connectionRevalidations,
  ),
  counter(
    "connection_rejected",
    "Connections refused because there were too many, or too many at a time",
    (at) => at.counters.connectionsRejected + at.gauges.connectionsThrottled,
  ),
  counter(
    "connection_drop_count",
    "Connections that ended without closing their session",
    (at) => at.counters.connectionsDropped,
  ),
  counter(
    "cnxn_closed_without_zk_server_running",
    "Connections closed as nothing was served, or the client knew of more than this server",
    (at) => at.counters.connectionsNotServed,
  ),
  counter(
    "sessionless_connections_expired",
    "Connections that asked for no session in time",
    (at) => at.counters.sessionlessExpired,
  ),
  counter(
    "stale_sessions_expired",
    "Sessions that this server, leading, has expired",
    (at) => at.counters.sessionsExpired,
  ),
  gauge("global_sessions", "Sessions of the ensemble", (at) => at.gauges.globalSessions),
];

const stateRows: readonly MetricRow[] = [
  gauge("znode_count", "Nodes; the root counts twice", (at) => at.gauges.nodes),
  gauge("ephemerals_count", "Ephemeral nodes", (at) => at.gauges.ephemerals),
  gauge("approximate_data_size", "Bytes of all paths and data", (at) => at.gauges.dataBytes),
  gauge("watch_count", "Watches on this server", (at) => at.gauges.watches),
  counter("watch_bytes", "Bytes of watch events sent", (at) => at.counters.watchBytes),
  summary("node_created_watch_count", "Watches fired by a creation, if any", (at) =>
    fired(at, EventType.nodeCreated),
  ),
  summary("node_deleted_watch_count", "Watches fired by a deletion, if any", (at) =>
    fired(at, EventType.nodeDeleted),
  ),
  summary("node_changed_watch_count", "Watches fired by a change of data, if any", (at) =>
    fired(at, EventType.nodeDataChanged),
  ),
  summary("node_children_watch_count", "Watches fired by a change of children, if any", (at) =>
    fired(at, EventType.nodeChildrenChanged),
  ),
  counter(
    "digest_mismatches_count",
    "Transactions after which the tree's digest was wrong",
    (at) => at.counters.digestMismatches,
  ),
  summary("fsynctime", "Writes of the log with their syncs, in ms", (at) => at.syncMs),
  summary("snapshottime", "Writing a snapshot, in ms", (at) => at.snapshotMs),
  counter("snapshot_error_count", "Snapshots that failed", (at) => at.counters.snapshotErrors),
  summary(
    "dbinittime",
    "Loading the state from disk at the start, in ms",
    (at) => at.counters.loadMs,
  ),
  summary(
    "startup_txns_loaded",
    "Transactions replayed from the log at the start",
    (at) => at.counters.loadedTxns,
  ),
  gauge("local_sessions", "Sessions that only this server knows", (at) => at.gauges.localSessions),
  gauge(
    "open_file_descriptor_count",
    "Open files and sockets, on Linux",
    (at) => at.gauges.fileDescriptors?.open ?? null,
  ),
  gauge(
    "max_file_descriptor_count",
    "Files and sockets that may be open, on Linux",
    (at) => at.gauges.fileDescriptors?.max ?? null,
  ),
  gauge("uptime", "Since the start of the server, in ms", (at) => at.gauges.uptimeMs),
];

const quorumRows: readonly MetricRow[] = [
  gauge("quorum_size", "Voters, when replicated", (at) => at.gauges.quorumSize),
  gauge(
    "learners",
    "Learners connected to this leader",
    (at) => at.gauges.leader?.learners ?? null,
  ),
  gauge(
    "synced_followers",
    "Followers that are in sync with this leader",
    (at) => at.gauges.leader?.syncedFollowers ?? null,
  ),
  gauge("synced_non_voting_followers", "Always 0: followers here are voters", (at) =>
    at.gauges.leader === null ? null : 0,
  ),
  gauge("synced_observers", "Observers that are in sync with this server", (at) =>
    at.gauges.quorumSize === null ? null : at.gauges.syncedObservers,
  ),
  gauge(
    "pending_syncs",
    "Syncs that wait for a commit, at the leader",
    (at) => at.gauges.leader?.pendingSyncs ?? null,
  ),
  gauge(
    "leader_uptime",
    "Since this leader's quorum was in sync, in ms",
    (at) => at.gauges.leader?.uptimeMs ?? null,
  ),
  gauge("last_proposal_size", "Bytes of the last proposal, -1 before the first", (at) =>
    at.gauges.leader === null ? null : at.counters.proposalSizes.last,
  ),
  gauge("max_proposal_size", "Bytes of the largest proposal, -1 before the first", (at) =>
    at.gauges.leader === null ? null : at.counters.proposalSizes.max,
  ),
  gauge("min_proposal_size", "Bytes of the smallest proposal, -1 before the first", (at) =>
    at.gauges.leader === null ? null : at.counters.proposalSizes.min,
  ),
  counter("proposal_count", "Transactions proposed by this leader", (at) => at.counters.proposals),
  counter("commit_count", "Transactions committed by this leader", (at) => at.counters.commits),
  counter(
    "learner_proposal_received_count",
    "Proposals received from a leader",
    (at) => at.counters.learnerProposals,
  ),
  counter(
    "learner_commit_received_count",
    "Commits received from a leader",
    (at) => at.counters.learnerCommits,
  ),
  counter("diff_count", "Learners synchronised by transactions", (at) => at.counters.diffsSent),
  counter("snap_count", "Learners synchronised by a snapshot", (at) => at.counters.snapshotsSent),
  counter(
    "revalidate_count",
    "Sessions that learners had confirmed by this leader",
    (at) => at.counters.revalidations,
  ),
  detailed(
    "quorum_ack_latency",
    "From a proposal to its commit at the leader, in ms",
    (at) => at.counters.quorumAckMs,
  ),
  detailed(
    "propagation_latency",
    "From a request at the leader to its application here, by both clocks, in ms",
    (at) => at.counters.propagationMs,
  ),
  summary(
    "prep_process_time",
    "Making a transaction of a request, in ms",
    (at) => at.counters.prepareMs,
  ),
  counter(
    "looking_count",
    "Times that this server looked for a leader",
    (at) => at.counters.roles.lookingCount,
  ),
  summary(
    "election_time",
    "From looking for a leader to a decision, in ms",
    (at) => at.counters.roles.electionMs,
  ),
  summary(
    "follower_sync_time",
    "From a decision to serving as a follower, in ms",
    (at) => at.counters.roles.followerSyncMs,
  ),
  summary(
    "observer_sync_time",
    "From a decision to serving as an observer, in ms",
    (at) => at.counters.roles.observerSyncMs,
  ),
  summary(
    "unavailable_time",
    "Times without service, in ms",
    (at) => at.counters.roles.unavailableMs,
  ),
  summary(
    "leader_unavailable_time",
    "Times without service that ended in leading, in ms",
    (at) => at.counters.roles.leaderUnavailableMs,
  ),
];

function quotaGauge(
  name: string,
  help: string,
  field: Exclude<keyof QuotaGauge, "namespace">,
): LabelledRow {
  return {
    type: "gauge",
    name,
    help,
    label: "key",
    readAll: ({ gauges }: Reading) =>
      gauges.quotas.map((quota) => [quota.namespace, quota[field]] as const),
  };
}

/** By the first name of a path. */
const quotaRows: readonly LabelledRow[] = [
  quotaGauge("quota_count_limit_per_namespace", "Nodes that a quota allows", "countLimit"),
  quotaGauge("quota_bytes_limit_per_namespace", "Bytes that a quota allows", "bytesLimit"),
  quotaGauge("quota_count_usage_per_namespace", "Nodes that count for a quota", "countUsage"),
  quotaGauge("quota_bytes_usage_per_namespace", "Bytes that count for a quota", "bytesUsage"),
  {
    type: "counter",
    name: "quota_exceeded_error_per_namespace",
    help: "Requests refused for a quota, by the leader",
    label: "key",
    readAll: ({ gauges }: Reading) => gauges.quotaRefusals,
  },
];

const requestErrors: LabelledRow = {
  type: "counter",
  name: "ensemble_request_errors_total",
  help: "Replies with an error, by its name",
  label: "code",
  readAll: (at) => Array.from(at.counters.errors, ([code, count]) => [errorCodeName(code), count]),
};

const peerOddities: LabelledRow = {
  type: "counter",
  name: "ensemble_peer_oddities_total",
  help: "Odd servers and votes at the ports between servers, by what is odd",
  label: "oddity",
  readAll: (at) => at.counters.peerOddities,
};

const requestDurations: HistogramRow = {
  type: "histogram",
  name: "ensemble_request_duration_seconds",
  help: "Latency of requests by operation, in seconds",
  label: "op",
  readAll: (at) => Array.from(at.counters.requestTimes.byName).filter(([, { count }]) => count > 0),
};

const syncDurations: HistogramRow = {
  type: "histogram",
  name: "ensemble_fsync_duration_seconds",
  help: "Writes of the log with their syncs, in seconds",
  label: null,
  readAll: (at) => [["", at.syncMs]],
};

const ownRows: readonly MetricRow[] = [
  requestDurations,
  requestErrors,
  peerOddities,
  syncDurations,
  gauge("ensemble_disk_full", "1 while the disk is full, and nothing can be acknowledged", (at) =>
    Number(at.gauges.isDiskFull),
  ),
  gauge("ensemble_disk_stalled", "1 while one sync of the disk has taken too long", (at) =>
    Number(at.gauges.isDiskStalled),
  ),
  gauge(
    "ensemble_resyncing_after_damage",
    "1 while the server has no vote because its history was damaged and moved aside",
    (at) => Number(at.gauges.isQuarantined),
  ),
  gauge(
    "ensemble_quarantined_histories",
    "Damaged histories that were moved aside and are still on the disk",
    (at) => at.gauges.quarantineCount,
  ),
  gauge(
    "ensemble_log_pending_bytes",
    "Bytes of transactions that wait for the disk",
    (at) => at.gauges.logPendingBytes,
  ),
  counter(
    "ensemble_log_diffs_total",
    "Learners synchronised by transactions of the log",
    (at) => at.counters.logDiffsSent,
  ),
  counter(
    "ensemble_learners_overfull_total",
    "Learners dropped because they took too little of what they were sent",
    (at) => at.counters.overfullLearners,
  ),
  counter(
    "ensemble_learners_silent_total",
    "Learners dropped because they said nothing",
    (at) => at.counters.silentLearners,
  ),
  counter(
    "ensemble_large_responses_total",
    "Replies longer than jute.maxbuffer",
    (at) => at.gauges.largeReplies,
  ),
  counter("ensemble_watch_events_total", "Watch events sent", (at) => at.counters.watchEvents),
];

/** Every metric of a server but those of its process. */
export const METRIC_ROWS: readonly MetricRow[] = [
  ...clientRows,
  ...stateRows,
  ...quotaRows,
  ...quorumRows,
  ...ownRows,
];

function errors(at: Reading, code: number): number {
  return at.counters.errors.get(code) ?? 0;
}

const nothingFired = new Summary();

function fired(at: Reading, type: EventType): Summary {
  return at.counters.watchesFired.get(type) ?? nothingFired;
}
