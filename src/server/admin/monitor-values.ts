/**
 * The values of `mntr` and of the admin command `monitor`: ZooKeeper 3.9's gauges under its names,
 * then whatever the metrics add. Numbers that Java holds as floating-point come as `Double`, so
 * that they are printed as such.
 */
import { readFile, readdir } from "node:fs/promises";
import { Double } from "./java-text.ts";
import { versionText } from "./server-facts.ts";
import type { MonitorValue, ServerFacts } from "./server-facts.ts";

/** All values of a server that serves; the version and the state come first. */
export async function monitorValues(facts: ServerFacts): Promise<readonly MonitorValue[]> {
  const [openFiles, maxFiles] = [await countOpenFiles(), await readFileLimit()];
  // The server may have ceased to serve meanwhile: everything below is of one moment.
  const values: MonitorValue[] = [
    ["version", versionText],
    ["server_state", facts.mode ?? "unknown"],
    ...quorumState(facts),
    ...trafficGauges(facts),
    ...treeGauges(facts),
    ["open_file_descriptor_count", openFiles],
    ["max_file_descriptor_count", maxFiles],
    ["uptime", facts.uptimeMs],
    ...leaderGauges(facts),
  ];
  const names = new Set(values.map(([name]) => name));
  for (const value of facts.metrics()) if (!names.has(value[0])) values.push(value);
  return values;
}

/** What ZooKeeper calls the detailed state, such as `leading - broadcast`. */
function peerState(facts: ServerFacts): string {
  const { peer } = facts.replica;
  if (peer.role === "looking") return "looking";
  return `${peer.role} - ${peer.isServing ? "broadcast" : "synchronization"}`;
}

function quorumState(facts: ServerFacts): MonitorValue[] {
  if (!facts.config.replicated) return [];
  const voters = [...facts.config.servers.values()].filter(({ role }) => role === "participant");
  const values: MonitorValue[] = [
    ["peer_state", peerState(facts)],
    ["quorum_size", voters.length],
  ];
  if (facts.mode === "observer") {
    values.push(["observer_master_id", facts.replica.peer.leaderSid ?? -1n]);
  }
  return values;
}

function trafficGauges(facts: ServerFacts): MonitorValue[] {
  const { statistics, connections } = facts.clients;
  const { latency, replies } = statistics;
  return [
    ["min_latency", Math.floor(latency.minMs)],
    ["avg_latency", new Double(latency.meanMs)],
    ["max_latency", Math.floor(latency.maxMs)],
    ["packets_received", statistics.received],
    ["packets_sent", statistics.sent],
    ["num_alive_connections", connections.size],
    ["outstanding_requests", facts.outstandingCount],
    ["last_client_response_size", replies.last],
    ["max_client_response_size", replies.max],
    ["min_client_response_size", replies.min],
  ];
}

function treeGauges({ tree, clients }: ServerFacts): MonitorValue[] {
  return [
    ["znode_count", tree.nodeCount],
    ["watch_count", clients.watches.watchCount],
    ["ephemerals_count", tree.ephemeralCount],
    ["approximate_data_size", tree.approximateDataBytes],
    ["global_sessions", tree.globalSessions.size],
    ["local_sessions", 0],
  ];
}

function leaderGauges(facts: ServerFacts): MonitorValue[] {
  const { leader } = facts.replica.peer;
  if (facts.mode !== "leader" || leader === undefined) return [];
  const synced = facts.learners.filter(({ stage }) => stage === "synced");
  const { proposals } = facts.replica;
  return [
    ["learners", facts.learners.length],
    ["synced_followers", synced.filter(({ isVoter }) => isVoter).length],
    ["synced_non_voting_followers", 0],
    ["synced_observers", synced.filter(({ isVoter }) => !isVoter).length],
    ["pending_syncs", leader.pendingSyncCount],
    ["leader_uptime", facts.leaderUptimeMs],
    ["last_proposal_size", proposals.last],
    ["max_proposal_size", proposals.max],
    ["min_proposal_size", proposals.min],
  ];
}

/** -1 where the system does not tell, as in Java. */
async function countOpenFiles(): Promise<number> {
  return readdir("/proc/self/fd").then(
    (names) => names.length,
    () => -1,
  );
}

async function readFileLimit(): Promise<number> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  return Number(/^Max open files\s+(\d+)/mu.exec(limits)?.[1] ?? -1);
}
