/**
 * Puts one server together from its configuration and starts it: disk first, then the ports for
 * peers, then the one for clients; stops it in the opposite order. Everything that can be wrong
 * with the surroundings (folders, ports) is found out here, before the server takes part.
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { LookupFunction } from "node:net";
import { join } from "node:path";
import { seededRandom } from "../base/index.ts";
import type { Clock, Random } from "../base/index.ts";
import type { Logger } from "../observe/index.ts";
import { Storage } from "../storage/index.ts";
import type { PrepareOptions } from "../tree/index.ts";
import { formatQuorumConfig } from "../wire/index.ts";
import type { PeerAddress } from "../wire/index.ts";
import {
  AdminCommands,
  AdminServer,
  FourLetterWordService,
  Probes,
  ServerFacts,
  TraceMask,
} from "./admin/index.ts";
import { openAuditTrail } from "./audit/index.ts";
import type { AuditTrail } from "./audit/index.ts";
import { ClientPorts } from "./client-ports.ts";
import { quorumConfigOf } from "./config/index.ts";
import type { ServerConfig } from "./config/index.ts";
import { quarantineCheck } from "./disk-checks.ts";
import { ElectionNetwork } from "./election-network.ts";
import { loadStateOrQuarantine } from "./load-state.ts";
import type { LoadOptions } from "./load-state.ts";
import { RateLimitedLog } from "./limits/index.ts";
import { ListenError } from "./listen-error.ts";
import { createPeer, hasOtherVoters } from "./create-peer.ts";
import { createMetricsService } from "./create-metrics-service.ts";
import { ServerMetrics } from "./metrics/index.ts";
import type { MetricsService } from "./metrics/index.ts";
import type { Endpoint } from "./quorum-links.ts";
import { NodeReaper } from "./node-reaper.ts";
import { QuotaReport } from "./quota-report.ts";
import { Replica } from "./replica.ts";
import { Readiness } from "./readiness.ts";
import { RequestProcessor } from "./request-processor.ts";
import { PeerOddities } from "./peer-oddities.ts";
import type { SnapshotInterval } from "./snapshot-writer.ts";
import { settleVolume } from "./volume.ts";

export interface StartServerOptions {
  readonly config: ServerConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  /** How the names of peers become addresses, at each dial. @default the system's */
  readonly lookup?: LookupFunction | undefined;
}

/** A server that runs. */
export interface RunningServer {
  /** Where clients connect. */
  readonly clientPort: number;
  /** Where commands and probes are served over HTTP; null when they are not. */
  readonly adminPort: number | null;
  /** Where clients connect with TLS; 0 when there is no such port. */
  readonly secureClientPort: number;
  /** Stops it in order; resolves when everything acknowledged is on disk. */
  stop(): Promise<void>;
  /** Resolves when it has stopped; rejects when it cannot go on. */
  readonly done: Promise<void>;
}

/** Id of a standalone server without a `myid`. */
const standaloneSid = 1n;

/**
 * @throws StorageError when the folders cannot be used or hold no whole history.
 * @throws ConfigError when a key store or trust store cannot be used.
 * @throws ListenError when a port cannot be had.
 */
export async function startServer(options: StartServerOptions): Promise<RunningServer> {
  const { config, logger, clock } = options;
  const sid = config.myId ?? standaloneSid;
  const facts = new ServerFacts({ config, sid, clock });
  const traceMask = new TraceMask();
  const readiness = new Readiness();
  const admin = new AdminServer({
    config: config.admin,
    commands: new AdminCommands(facts, traceMask, logger),
    probes: new Probes(facts, readiness),
    logger,
  });
  // Before the disk is read: whoever asks meanwhile is told so.
  if (config.admin.isEnabled) await admin.listen();
  const words = new FourLetterWordService(facts, traceMask, logger);
  try {
    return await openAndStart({ ...options, sid, facts, words, admin, readiness });
  } catch (error) {
    admin.close();
    throw error;
  }
}

/** The options, and what has been made of them. */
interface StartContext extends StartServerOptions {
  readonly sid: bigint;
  readonly facts: ServerFacts;
  readonly words: FourLetterWordService;
  readonly admin: AdminServer;
  readonly readiness: Readiness;
}

async function openAndStart(context: StartContext): Promise<RunningServer> {
  const { config, logger } = context;
  const storage = await Storage.open({
    dataDir: config.dataDir,
    dataLogDir: config.dataLogDir,
    logger,
    preAllocBytes: config.preAllocSizeKb * 1024,
    snapRetainCount: config.autopurgeSnapRetainCount,
    snapshotCompression: config.snapshotCompression,
    trustEmpty: config.snapshotTrustEmpty,
    createFolders: config.dataDirAutocreate,
    forceSync: config.forceSync,
    txnLogSizeLimitBytes: Math.max(0, config.txnLogSizeLimitKb) * 1024,
    fsyncWarningThresholdMs: config.fsyncWarningThresholdMs,
  });
  context.readiness.add(quarantineCheck(storage));
  const { auditFile: file } = config;
  const audit = file === null ? undefined : openAuditTrail({ file, clock: context.clock, logger });
  try {
    return await startOn(storage, { ...context, audit });
  } catch (error) {
    audit?.serverFailed();
    await audit?.close();
    await storage.close();
    throw error;
  }
}

async function startOn(
  storage: Storage,
  context: StartContext & { readonly audit: AuditTrail | undefined },
): Promise<RunningServer> {
  const { config, logger, clock, sid, facts, words, admin, audit } = context;
  const metrics = new ServerMetrics(clock.monotonicMs());
  const { load, tree, disk, isSettling } = await loadFromDisk(storage, metrics, context);
  const { promise: done, resolve, reject } = Promise.withResolvers<undefined>();
  const complaints = new RateLimitedLog(logger, clock);
  const oddities = new PeerOddities(complaints, metrics);
  const processor = new RequestProcessor({
    config,
    sid,
    clock,
    logger,
    complaints,
    metrics,
    audit,
    fourLetterWord: (connection, word, rest) => words.answer(connection, word, rest),
    failed: reject,
  });
  tree.setListener(processor.treeListener);
  const random = seededRandom(clock.wallMs() ^ Number(sid & 0xffn));
  const quotaReport = new QuotaReport(complaints);
  const replica = new Replica(
    {
      peer: createPeer(config, sid, disk, logger),
      oddities,
      lookup: context.lookup,
      tree,
      isSettling,
      storage,
      load,
      clock,
      logger,
      metrics,
      ...replicaSettings(config, sid, random),
      prepare: prepareOptions(config, quotaReport),
      treeListener: processor.treeListener,
    },
    processor,
  );
  processor.attach(replica);
  const parts = { processor, replica, storage, quotaReport, config, logger };
  const metricsService = createMetricsService(parts);
  facts.attach({ replica, clients: processor, metrics: () => metricsService.metricPairs() });
  const election = createElectionNetwork({ ...context, oddities }, replica);
  const clients = await createClientPorts(config, complaints, processor);
  const reaper = createReaper(replica, config, clock);
  const stop = async (): Promise<void> => {
    await processor.leadership.resign();
    admin.close();
    audit?.serverStopping();
    metricsService.stop();
    reaper.stop();
    clients.close();
    processor.close();
    await replica.stop();
    await audit?.close();
    resolve(undefined);
  };
  await openPorts(metricsService, election, clients);
  replica.start(election);
  reaper.start();
  audit?.serverStarted();
  const { plainPort: clientPort, securePort: secureClientPort } = clients;
  return { clientPort, secureClientPort, adminPort: admin.port, stop, done };
}

/** What a replica takes from the configuration alone. */
function replicaSettings(config: ServerConfig, sid: bigint, random: Random) {
  return {
    quorumEndpoint: ownQuorumEndpoint(config, sid),
    peerEndpoints: endpointsOf(config, (address) => address.quorumPort),
    snapshotSizeFactor: config.snapshotSizeFactor,
    packetBytesMax: 2 * config.juteMaxBufferBytes + 64 * 1024,
    snapshotEvery: () => snapshotInterval(config, random),
    diskStallLimitMs: config.diskStallLimitMs,
    purges: config.autopurgeEnabled,
  };
}

/** What the disk holds, and how it was and will be read. */
async function loadFromDisk(
  storage: Storage,
  metrics: ServerMetrics,
  { config, logger, clock }: StartServerOptions,
) {
  const initialiseFile = join(config.dataDir, "initialize");
  const load = loadOptions(config, existsSync(initialiseFile), logger);
  const { tree, recovered, replayedCount, isSettling, isEmpty } = await loadStateOrQuarantine(
    storage,
    {
      ...load,
      othersHaveIt: hasOtherVoters(config),
    },
  );
  metrics.loadMs.add(clock.monotonicMs() - metrics.startedAtMs);
  metrics.loadedTxns.add(replayedCount);
  // The file is for one start only: a disk that is lost later must not begin another ensemble.
  await rm(initialiseFile, { force: true });
  const found = { isEmpty, mayBeginEmpty: load.mayBeginEmpty && !storage.isQuarantined };
  const volume = await settleVolume(storage, config, found, logger);
  return { load, tree, disk: { ...recovered, volume }, isSettling };
}

/** Opens all ports or none. @throws ListenError for the first that cannot be had. */
async function openPorts(
  metrics: MetricsService,
  election: ElectionNetwork | undefined,
  clients: ClientPorts,
): Promise<void> {
  try {
    await metrics.start();
    if (election !== undefined) await ListenError.wrap("election", () => election.listen());
    await clients.listen();
  } catch (error) {
    metrics.stop();
    election?.close();
    clients.close();
    throw error;
  }
}

function loadOptions(config: ServerConfig, isInitial: boolean, logger: Logger): LoadOptions {
  const { replicated, configVersion } = config;
  return {
    recentCount: config.commitLogCount,
    configText: replicated ? formatQuorumConfig(quorumConfigOf(config)) : null,
    configVersion,
    mayBeginEmpty: !replicated || isInitial || votesEmpty(config),
    logger,
  };
}

/** Whether an empty disk is always taken for an empty ensemble, as is ZooKeeper's default. */
function votesEmpty({ dbAutocreate, bootstrap }: ServerConfig): boolean {
  return dbAutocreate && bootstrap === "automatic";
}

/** From half of what is configured to all of it, so that not all servers write at a time. */
function snapshotInterval(config: ServerConfig, random: Random): SnapshotInterval {
  const { snapCount, snapSizeLimitKb } = config;
  const share = 0.5 + random.next() / 2;
  return {
    transactions: Math.ceil(share * snapCount),
    bytes: snapSizeLimitKb > 0 ? share * snapSizeLimitKb * 1024 : Infinity,
  };
}

function prepareOptions(config: ServerConfig, quotas: QuotaReport): PrepareOptions {
  return {
    skipAcl: config.skipAcl,
    aclSchemes: config.auth.schemes,
    extendedTypesEnabled: config.extendedTypesEnabled,
    clickHouse: config.clickHouse,
    limits: {
      enforceQuota: config.enforceQuota,
      ephemeralBytesMax: config.ephemeralBytesMax,
      quotaExceeded: (excess) => {
        quotas.add(excess);
      },
    },
  };
}

function endpointsOf(
  config: ServerConfig,
  port: (address: PeerAddress) => number,
): Map<bigint, Endpoint> {
  const endpoints = new Map<bigint, Endpoint>();
  for (const { sid, addresses } of config.servers.values()) {
    const [address] = addresses;
    if (address !== undefined) endpoints.set(sid, { host: address.host, port: port(address) });
  }
  return endpoints;
}

function ownQuorumEndpoint(config: ServerConfig, sid: bigint): Endpoint | undefined {
  const endpoint = endpointsOf(config, (address) => address.quorumPort).get(sid);
  if (endpoint === undefined || !config.quorumListenOnAllIps) return endpoint;
  return { ...endpoint, host: "0.0.0.0" };
}

function createReaper(replica: Replica, config: ServerConfig, clock: Clock): NodeReaper {
  return new NodeReaper(replica, {
    clock,
    checkIntervalMs: config.containerCheckIntervalMs,
    perMinuteMax: config.containerMaxPerMinute,
    unusedMsMax: config.containerMaxNeverUsedIntervalMs,
  });
}

function createElectionNetwork(
  context: StartContext & { readonly oddities: PeerOddities },
  replica: Replica,
): ElectionNetwork | undefined {
  const { config, sid, logger, oddities } = context;
  const peers = endpointsOf(config, (address) => address.electionPort);
  const own = peers.get(sid);
  if (!config.replicated || own === undefined) return undefined;
  return new ElectionNetwork({
    sid,
    bind: config.quorumListenOnAllIps ? { ...own, host: "0.0.0.0" } : own,
    address: `${own.host.includes(":") ? `[${own.host}]` : own.host}:${own.port}`,
    peers,
    takesJoiners: config.takesJoiners,
    connectTimeoutMs: config.electionConnectTimeoutMs,
    tcpKeepAlive: config.tcpKeepAlive,
    lookup: context.lookup,
    logger,
    oddities,
    received: (from, notification) => {
      replica.receiveNotification(from, notification);
    },
  });
}

/** @throws ConfigError when a key store or trust store cannot be used. */
async function createClientPorts(
  config: ServerConfig,
  complaints: RateLimitedLog,
  processor: RequestProcessor,
): Promise<ClientPorts> {
  const tls = config.tls === null ? null : await import("./tls/index.ts");
  return new ClientPorts({
    config,
    complaints,
    gate: processor,
    added: (connection) => {
      processor.add(connection);
    },
    tlsAcceptor: tls === null ? null : tls.TlsAcceptor,
  });
}
