/** Admin commands that report on the server itself and what it keeps (ZooKeeper 3.9 `Commands`). */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { AdminCommand, CommandContext, CommandResult } from "./admin-command.ts";
import { describeConnection } from "./connection-report.ts";
import { describeEnvironment } from "./environment.ts";
import { folderBytes } from "./folder-size.ts";
import { resetConnections, resetServer } from "./four-letter-words.ts";
import { Double } from "./java-text.ts";
import { monitorValues } from "./monitor-values.ts";
import { versionText } from "./server-facts.ts";
import type { ServerFacts } from "./server-facts.ts";
import { sessionDeadlines } from "./session-report.ts";
import { eachWatch } from "./watch-report.ts";
import type { SizeSummary } from "../statistics.ts";

const none: CommandResult = {};

export const reportCommands: readonly AdminCommand[] = [
  { names: ["configuration", "conf", "config"], run: ({ facts }) => data(configuration(facts)) },
  {
    names: ["connection_stat_reset", "crst"],
    run: ({ facts }) => {
      resetConnections(facts);
      return none;
    },
  },
  { names: ["connections", "cons"], run: ({ facts }) => data(connections(facts, facts)) },
  { names: ["dirs"], run: dirs },
  { names: ["dump"], run: dump },
  {
    names: ["environment", "env", "envi"],
    needsServer: false,
    run: () => data(Object.fromEntries(describeEnvironment())),
  },
  {
    names: ["get_trace_mask", "gtmk"],
    needsServer: false,
    run: ({ traceMask }) => data({ tracemask: traceMask.value }),
  },
  { names: ["hash"], run: digests },
  {
    names: ["initial_configuration", "icfg"],
    run: ({ facts }) => {
      const lines = facts.config.shownEntries.map(([key, value]) => `${key}=${value}\n`);
      return data({ initial_configuration: lines.join("") });
    },
  },
  {
    names: ["is_read_only", "isro"],
    run: ({ facts }) => data({ read_only: facts.mode === "read-only" }),
  },
  { names: ["last_snapshot", "lsnp"], run: lastSnapshot },
  {
    names: ["monitor", "mntr"],
    run: ({ facts }) => data(Object.fromEntries(monitorValues(facts))),
  },
  { names: ["ruok"], run: () => none },
  { names: ["server_stats", "srvr"], run: async ({ facts }) => data(await serverStats(facts)) },
  { names: ["set_trace_mask", "stmk"], needsServer: false, run: setTraceMask },
  {
    names: ["stats", "stat"],
    run: async ({ facts }) => data({ ...(await serverStats(facts)), ...connections(facts) }),
  },
  {
    names: ["stat_reset", "srst"],
    run: ({ facts }) => {
      resetServer(facts);
      return none;
    },
  },
  { names: ["system_properties", "sysp"], needsServer: false, run: systemProperties },
  { names: ["watch_summary", "wchs"], run: watchSummary },
  { names: ["watches", "wchc"], run: watches },
  { names: ["watches_by_path", "wchp"], run: watchesByPath },
];

function data(members: Readonly<Record<string, unknown>>): CommandResult {
  return { data: members };
}

function configuration({ config, folders, reportedId }: ServerFacts): Record<string, unknown> {
  return {
    client_port: config.clientPort ?? -1,
    data_dir: folders.data,
    data_log_dir: folders.log,
    tick_time: config.tickTimeMs,
    max_client_cnxns: config.live.maxClientCnxns,
    min_session_timeout: config.live.minSessionTimeoutMs,
    max_session_timeout: config.live.maxSessionTimeoutMs,
    server_id: reportedId,
    client_port_listen_backlog: config.clientPortListenBacklog ?? -1,
  };
}

/** @param details - the server itself for the long form. */
function connections({ clients }: ServerFacts, details?: ServerFacts): Record<string, unknown> {
  const list = Array.from(clients.connections)
    // Somebody who asks a four-letter word is no client.
    .filter(({ isOpen }) => isOpen)
    .map((connection) => describeConnection(connection, details));
  return { connections: list, secure_connections: [] };
}

async function dirs({ facts }: CommandContext): Promise<CommandResult> {
  const { folders } = facts;
  return data({
    datadir_size: await folderBytes(folders.data),
    logdir_size: await folderBytes(folders.log),
  });
}

function dump({ facts }: CommandContext): CommandResult {
  const { tree } = facts;
  return data({
    expiry_time_to_session_ids: Object.fromEntries(sessionDeadlines(facts)),
    session_id_to_ephemeral_paths: Object.fromEntries(
      Array.from(tree.ephemeralOwners(), (owner) => [String(owner), tree.ephemeralsOf(owner)]),
    ),
  });
}

function digests({ facts }: CommandContext): CommandResult {
  return data({
    digests: facts.replica.digests.records.map(({ zxid, digest }) => ({
      zxid,
      digest: BigInt.asIntN(64, digest),
      digest_version: 2,
    })),
  });
}

async function lastSnapshot({ facts }: CommandContext): Promise<CommandResult> {
  const folder = facts.folders.data;
  let newest = { zxid: -1n, name: "" };
  for (const name of await readdir(folder)) {
    const hex = /^snapshot\.([0-9a-f]{1,16})(?:\.gz|\.snappy)?$/u.exec(name)?.[1];
    const zxid = hex === undefined ? -1n : BigInt(`0x${hex}`);
    if (zxid > newest.zxid) newest = { zxid, name };
  }
  if (newest.name === "") return data({ zxid: "ffffffffffffffff", timestamp: -1 });
  const { mtimeMs } = await stat(path.join(folder, newest.name));
  return data({ zxid: newest.zxid.toString(16), timestamp: Math.floor(mtimeMs / 1000) });
}

async function serverStats(facts: ServerFacts): Promise<Record<string, unknown>> {
  const { folders } = facts;
  const sizes = [await folderBytes(folders.data), await folderBytes(folders.log)];
  const { statistics } = facts.clients;
  const { latency } = statistics;
  const replies = describeSizes(facts.clients.metrics.responseSizes);
  const server = {
    packets_sent: statistics.sent,
    packets_received: statistics.received,
    fsync_threshold_exceed_count: 0,
    client_response_stats: replies,
    data_dir_size: sizes[0],
    log_dir_size: sizes[1],
    provider_null: false,
    last_processed_zxid: facts.tree.lastProcessedZxid,
    outstanding_requests: facts.outstandingCount,
    server_state: facts.mode,
    avg_latency: new Double(latency.meanMs),
    max_latency: Math.floor(latency.maxMs),
    min_latency: Math.floor(latency.minMs),
    num_alive_client_connections: facts.clients.connections.size,
    uptime: facts.uptimeMs,
    auth_failed_count: facts.clients.metrics.authFailures,
    non_mtlsremote_conn_count: 0,
    non_mtlslocal_conn_count: 0,
  };
  const proposals = describeSizes(facts.clients.metrics.proposalSizes);
  return {
    version: versionText,
    read_only: facts.mode === "read-only",
    server_stats: server,
    client_response: replies,
    ...(facts.mode === "leader" ? { proposal_stats: proposals } : {}),
    node_count: facts.tree.nodeCount,
  };
}

function describeSizes({ last, min, max }: SizeSummary): Record<string, number> {
  return { last_buffer_size: last, min_buffer_size: min, max_buffer_size: max };
}

function setTraceMask({ parameters, traceMask }: CommandContext): CommandResult {
  const error = "setTraceMask requires long traceMask argument";
  const text = parameters.get("traceMask");
  if (text === undefined) return data({ error });
  if (!/^[+-]?\d{1,19}$/u.test(text) || BigInt.asIntN(64, BigInt(text)) !== BigInt(text)) {
    return data({ error: `${error}, got ${text}` });
  }
  traceMask.value = BigInt(text);
  return data({ tracemask: traceMask.value });
}

/** Node.js has none: shown are the settings, under the names they have as system properties. */
function systemProperties({ facts }: CommandContext): CommandResult {
  const properties = [
    ...describeEnvironment().filter(([name]) => /^(?:java|os|user)\./u.test(name)),
    ...facts.config.shownEntries.map(
      ([key, value]) => [key.startsWith("zookeeper.") ? key : `zookeeper.${key}`, value] as const,
    ),
  ];
  return data(Object.fromEntries(properties.sort(([left], [right]) => (left < right ? -1 : 1))));
}

function watchSummary({ facts }: CommandContext): CommandResult {
  const { watchers, paths, count } = facts.clients.watches.nodeWatches;
  return data({ num_connections: watchers, num_paths: paths, num_total_watches: count });
}

async function watches({ facts }: CommandContext): Promise<CommandResult> {
  const sessions = await gather(facts, (sessionId, path) => [String(sessionId), path]);
  return data({ session_id_to_watched_paths: sessions });
}

async function watchesByPath({ facts }: CommandContext): Promise<CommandResult> {
  const paths = await gather(facts, (sessionId, path) => [path, sessionId]);
  return data({ path_to_session_ids: paths });
}

/** Watches between two turns of the event loop. */
const watchesPerTurn = 5000;

/** Gathers the watches, as many as are reported, into lists by one of their sides. */
async function gather<T>(
  facts: ServerFacts,
  entryOf: (sessionId: bigint, path: string) => readonly [key: string, value: T],
): Promise<Record<string, T[]>> {
  const lists = new Map<string, T[]>();
  let count = 0;
  for (const [sessionId, path] of eachWatch(facts)) {
    const [key, value] = entryOf(sessionId, path);
    const list = lists.get(key);
    if (list === undefined) lists.set(key, [value]);
    else list.push(value);
    count += 1;
    if (count % watchesPerTurn === 0) await nextTurn();
  }
  return Object.fromEntries(lists);
}
