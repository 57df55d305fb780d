/**
 * The four-letter words: questions that people and monitoring ask on the client port, answered in
 * ZooKeeper's own form (3.9, `server/command/`), for tools parse them.
 */
import { formatHex } from "../wire/index.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { ServerConfig } from "./config/index.ts";
import type { ConnectionStatistics } from "./statistics.ts";

/** What the words report. */
export interface ServerStatus {
  readonly config: ServerConfig;
  readonly version: string;
  readonly sid: bigint;
  /** ZooKeeper's word for the role, or null while nothing is served. */
  readonly mode: "standalone" | "leader" | "follower" | "observer" | null;
  readonly statistics: ConnectionStatistics;
  readonly connections: ReadonlySet<ClientConnection>;
  readonly lastZxid: bigint;
  readonly nodeCount: number;
  readonly ephemeralCount: number;
  readonly approximateDataBytes: number;
  readonly watchCount: number;
  readonly globalSessionCount: number;
  readonly outstandingCount: number;
  /** On a leader: learners that are connected, and of these the synced voters. */
  readonly learnerCount: number;
  readonly syncedFollowerCount: number;
  readonly uptimeMs: number;
  readonly nowMs: number;
}

const notServing = "This ZooKeeper instance is not currently serving requests\n";

/** The answer to `word`, which must be a four-letter word. */
export function answerFourLetterWord(word: string, status: ServerStatus): string {
  if (!status.config.fourLetterWords.has(word)) {
    return `${word} is not executed because it is not in the whitelist.\n`;
  }
  if (word === "ruok") return "imok";
  if (word === "isro") return status.mode === null ? "null" : "rw";
  if (word === "conf") return conf(status);
  const answer = answers[word];
  if (answer === undefined) return `${word} is not available on this server.\n`;
  return status.mode === null ? notServing : answer(status);
}

const answers: Readonly<Record<string, (status: ServerStatus) => string>> = {
  srvr: (status) => `${versionLine(status)}${serverLines(status)}`,
  stat: (status) =>
    `${versionLine(status)}Clients:\n${clientLines(status, false)}\n${serverLines(status)}`,
  cons: (status) => `${clientLines(status, true)}\n`,
  mntr,
};

function versionLine({ version }: ServerStatus): string {
  return `Zookeeper version: ${version}\n`;
}

function latency({ statistics }: ServerStatus): [min: string, mean: string, max: string] {
  const { latencyMinMs, latencyMeanMs, latencyMaxMs } = statistics;
  return [
    String(Math.round(latencyMinMs)),
    String(Math.round(latencyMeanMs * 10_000) / 10_000),
    String(Math.round(latencyMaxMs)),
  ];
}

function serverLines(status: ServerStatus): string {
  const [min, mean, max] = latency(status);
  const lines = [
    `Latency min/avg/max: ${min}/${mean}/${max}`,
    `Received: ${status.statistics.received}`,
    `Sent: ${status.statistics.sent}`,
    `Connections: ${status.connections.size}`,
    `Outstanding: ${status.outstandingCount}`,
    `Zxid: ${formatHex(status.lastZxid)}`,
    `Mode: ${status.mode ?? "unknown"}`,
  ];
  if (status.mode === "leader") lines.push("Proposal sizes last/min/max: -1/-1/-1");
  lines.push(`Node count: ${status.nodeCount}`);
  return `${lines.join("\n")}\n`;
}

function clientLines(status: ServerStatus, isLong: boolean): string {
  let text = "";
  for (const connection of status.connections) {
    const { remoteAddress, socket, pendingCount, receivedCount, sentCount } = connection;
    const counts = `queued=${pendingCount},recved=${receivedCount},sent=${sentCount}`;
    const isOpen = connection.isOpen ? 1 : 0;
    text += ` /${remoteAddress}:${socket.remotePort ?? 0}[${isOpen}](${counts}`;
    if (isLong && connection.isOpen) {
      const established = Math.round(connection.connectedAtMs + Date.now() - status.nowMs);
      text += `,sid=${formatHex(connection.sessionId)},est=${established}`;
      text += `,to=${connection.timeoutMs},lzxid=${formatHex(status.lastZxid)}`;
    }
    text += ")\n";
  }
  return text;
}

function conf({ config, sid }: ServerStatus): string {
  const lines = [
    `clientPort=${config.clientPort ?? -1}`,
    `secureClientPort=-1`,
    `dataDir=${config.dataDir}/version-2`,
    `dataLogDir=${config.dataLogDir}/version-2`,
    `tickTime=${config.tickTimeMs}`,
    `maxClientCnxns=${config.maxClientCnxns}`,
    `minSessionTimeout=${config.minSessionTimeoutMs}`,
    `maxSessionTimeout=${config.maxSessionTimeoutMs}`,
    `clientPortListenBacklog=${config.clientPortListenBacklog ?? -1}`,
    `serverId=${sid}`,
  ];
  if (config.replicated) {
    lines.push(
      `initLimit=${config.initLimitTicks}`,
      `syncLimit=${config.syncLimitTicks}`,
      "electionAlg=3",
    );
  }
  return `${lines.join("\n")}\n`;
}

function mntr(status: ServerStatus): string {
  const [min, mean, max] = latency(status);
  const values: [string, string | number][] = [
    ["zk_version", status.version],
    ["zk_server_state", status.mode ?? "unknown"],
    ["zk_peer_state", peerState(status.mode)],
    ["zk_min_latency", min],
    ["zk_avg_latency", mean],
    ["zk_max_latency", max],
    ["zk_packets_received", status.statistics.received],
    ["zk_packets_sent", status.statistics.sent],
    ["zk_num_alive_connections", status.connections.size],
    ["zk_outstanding_requests", status.outstandingCount],
    ["zk_znode_count", status.nodeCount],
    ["zk_watch_count", status.watchCount],
    ["zk_ephemerals_count", status.ephemeralCount],
    ["zk_approximate_data_size", status.approximateDataBytes],
    ["zk_global_sessions", status.globalSessionCount],
    ["zk_uptime", Math.round(status.uptimeMs)],
  ];
  if (status.mode === "leader") {
    values.push(
      ["zk_learners", status.learnerCount],
      ["zk_synced_followers", status.syncedFollowerCount],
    );
  }
  return values.map(([key, value]) => `${key}\t${value}\n`).join("");
}

function peerState(mode: ServerStatus["mode"]): string {
  if (mode === "leader") return "leading - broadcast";
  if (mode === "observer") return "observing - broadcast";
  return mode === "follower" ? "following - broadcast" : "unknown";
}
