/**
 * What each four-letter word answers, in ZooKeeper's own form (3.9, `server/command/`), for tools
 * parse it: names, order and line ends are part of the contract. Who may ask, and how an answer
 * travels, is `four-letter-word-service.ts`.
 */
import { formatHex, formatQuorumConfig } from "../../wire/index.ts";
import { formatConnection } from "./connection-report.ts";
import { describeEnvironment } from "./environment.ts";
import { folderBytes } from "./folder-size.ts";
import { formatDouble } from "./java-text.ts";
import { monitorValues } from "./monitor-values.ts";
import { versionText } from "./server-facts.ts";
import type { ServerFacts } from "./server-facts.ts";
import { dumpSessions } from "./session-report.ts";
import type { TraceMask } from "./trace-mask.ts";
import { formatPathsBySession, formatSessionsByPath, formatWatchSummary } from "./watch-report.ts";

/** Text at once, later, or in pieces that may be asked for over many turns. */
export type WordAnswer = string | Promise<string> | Iterable<string>;

const notServing = "This ZooKeeper instance is not currently serving requests";

/** The answer to `word`, which is a four-letter word that may be asked, and not `stmk`. */
export function answerFourLetterWord(
  word: string,
  facts: ServerFacts,
  traceMask: TraceMask,
): WordAnswer {
  const isServing = facts.mode !== null;
  if (word === "ruok") return "imok";
  if (word === "gtmk") return String(traceMask.value);
  if (word === "envi") return formatEnvironment();
  if (word === "isro") return facts.mode === "read-only" ? "ro" : isServing ? "rw" : "null";
  if (!isServing) return word === "hash" ? notServing : `${notServing}\n`;
  return answers[word]?.(facts) ?? "";
}

const answers: Readonly<Record<string, (facts: ServerFacts) => WordAnswer>> = {
  conf: formatConfiguration,
  cons: formatConnections,
  crst: (facts) => {
    resetConnections(facts);
    return "Connection stats reset.\n";
  },
  dirs: formatFolders,
  dump: dumpSessions,
  hash: formatDigests,
  mntr: formatMonitor,
  srst: (facts) => {
    resetServer(facts);
    facts.clients.metrics.proposalSizes.reset();
    return "Server stats reset.\n";
  },
  srvr: (facts) => `${formatVersion()}${formatServer(facts)}`,
  stat: formatStatus,
  wchc: formatPathsBySession,
  wchp: formatSessionsByPath,
  wchs: formatWatchSummary,
};

/** Begins to count anew what `cons` shows. */
export function resetConnections({ clients }: ServerFacts): void {
  for (const { activity } of clients.connections) activity.reset();
}

/** Begins to count anew what `srvr` shows. */
export function resetServer({ clients }: ServerFacts): void {
  clients.statistics.reset();
  clients.metrics.responseSizes.reset();
}

function formatVersion(): string {
  return `Zookeeper version: ${versionText}\n`;
}

function formatServer(facts: ServerFacts): string {
  const { statistics, connections } = facts.clients;
  const { minMs, meanMs, maxMs } = statistics.latency;
  const lines = [
    `Latency min/avg/max: ${Math.floor(minMs)}/${formatDouble(meanMs)}/${Math.floor(maxMs)}`,
    `Received: ${statistics.received}`,
    `Sent: ${statistics.sent}`,
    `Connections: ${connections.size}`,
    `Outstanding: ${facts.outstandingCount}`,
    `Zxid: ${formatHex(facts.tree.lastProcessedZxid)}`,
    `Mode: ${facts.mode ?? "unknown"}`,
    `Node count: ${facts.tree.nodeCount}`,
  ];
  const { last, min, max } = facts.clients.metrics.proposalSizes;
  if (facts.mode === "leader") lines.push(`Proposal sizes last/min/max: ${last}/${min}/${max}`);
  return `${lines.join("\n")}\n`;
}

function* formatStatus(facts: ServerFacts): Generator<string> {
  yield `${formatVersion()}Clients:\n`;
  for (const connection of facts.clients.connections) yield `${formatConnection(connection)}\n`;
  yield `\n${formatServer(facts)}`;
}

function* formatConnections(facts: ServerFacts): Generator<string> {
  for (const connection of facts.clients.connections) {
    yield `${formatConnection(connection, facts)}\n`;
  }
  yield "\n";
}

async function formatConfiguration(facts: ServerFacts): Promise<string> {
  const { config, folders, ownLine: own } = facts;
  const lines = [
    `clientPort=${own?.clientAddress?.port ?? config.clientPort ?? -1}`,
    "secureClientPort=-1",
    `dataDir=${folders.data}`,
    `dataDirSize=${await folderBytes(folders.data)}`,
    `dataLogDir=${folders.log}`,
    `dataLogSize=${await folderBytes(folders.log)}`,
    `tickTime=${config.tickTimeMs}`,
    `maxClientCnxns=${config.live.maxClientCnxns}`,
    `minSessionTimeout=${config.live.minSessionTimeoutMs}`,
    `maxSessionTimeout=${config.live.maxSessionTimeoutMs}`,
    `clientPortListenBacklog=${config.clientPortListenBacklog ?? -1}`,
    `serverId=${facts.reportedId}`,
  ];
  const address = own?.addresses[0];
  if (!config.replicated || own === undefined || address === undefined) {
    return `${lines.join("\n")}\n`;
  }
  lines.push(
    `initLimit=${config.initLimitTicks}`,
    `syncLimit=${config.syncLimitTicks}`,
    "electionAlg=3",
    `electionPort=${address.electionPort}`,
    `quorumPort=${address.quorumPort}`,
    `peerType=${own.role === "observer" ? 1 : 0}`,
    "membership: ",
  );
  // ZooKeeper prints the membership as it stands, without an end of line.
  return `${lines.join("\n")}\n${formatQuorumConfig(facts.members)}`;
}

async function formatFolders({ folders }: ServerFacts): Promise<string> {
  const [data, log] = [await folderBytes(folders.data), await folderBytes(folders.log)];
  return `datadir_size: ${data}\nlogdir_size: ${log}\n`;
}

function formatDigests({ replica }: ServerFacts): string {
  return replica.digests.records
    .map(({ zxid, digest }) => `${zxid.toString(16)}: ${BigInt.asIntN(64, digest)}\n`)
    .join("");
}

function formatMonitor(facts: ServerFacts): string {
  const values = monitorValues(facts);
  return values.map(([name, value]) => `zk_${name}\t${String(value)}\n`).join("");
}

function formatEnvironment(): string {
  const lines = describeEnvironment().map(([name, value]) => `${name}=${value}\n`);
  return `Environment:\n${lines.join("")}`;
}
