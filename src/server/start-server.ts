/**
 * Puts one server together from its configuration and starts it: disk first, then the ports for
 * peers, then the one for clients; stops it in the opposite order. Everything that can be wrong
 * with the surroundings (folders, ports) is found out here, before the server takes part.
 */
import { existsSync } from "node:fs";
import type { LookupFunction } from "node:net";
import { resolve } from "node:path";
import type { Clock } from "../base/index.ts";
import type { Logger } from "../observe/index.ts";
import { Folder, Storage, nodeFiles } from "../storage/index.ts";
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
import { loadServerConfig } from "./config/index.ts";
import type { ServerConfig } from "./config/index.ts";
import { hasOtherVoters } from "./create-peer.ts";
import { createReplica } from "./create-replica.ts";
import { quarantineCheck } from "./disk-checks.ts";
import { ElectionNetwork } from "./election-network.ts";
import { findMembers } from "./find-members.ts";
import type { Members } from "./find-members.ts";
import { followEnsemble } from "./follow-ensemble.ts";
import { loadStateOrQuarantine } from "./load-state.ts";
import type { LoadOptions } from "./load-state.ts";
import { RateLimitedLog } from "./limits/index.ts";
import { ListenError } from "./listen-error.ts";
import { createMetricsService } from "./create-metrics-service.ts";
import { ServerMetrics } from "./metrics/index.ts";
import type { MetricPair, MetricsService } from "./metrics/index.ts";
import { NodeReaper } from "./node-reaper.ts";
import { QuotaReport } from "./quota-report.ts";
import { bindEndpoint, formatEndpoint } from "./reconfig/index.ts";
import type { Replica } from "./replica.ts";
import { Readiness } from "./readiness.ts";
import { RequestProcessor } from "./request-processor.ts";
import { PeerOddities } from "./peer-oddities.ts";
import { SettingsInForce } from "./settings-in-force.ts";
import type { Reloaded } from "./settings-in-force.ts";
import { settleVolume } from "./volume.ts";

export interface StartServerOptions {
  readonly config: ServerConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  /** How the names of peers become addresses, at each dial. @default the system's */
  readonly lookup?: LookupFunction | undefined;
  /** Reads the configuration anew. @default loads the file that it came from */
  readonly readConfig?: (() => ServerConfig) | undefined;
}

/** A server that runs. */
export interface RunningServer {
  /** Where clients connect. */
  readonly clientPort: number;
  /** Where commands and probes are served over HTTP; null when they are not. */
  readonly adminPort: number | null;
  /** Where clients connect with TLS; 0 when there is no such port. */
  readonly secureClientPort: number;
  /**
   * Takes up what its files say now, as far as that needs no restart.
   *
   * @throws ConfigError when they cannot be used: then nothing changes.
   */
  reload(): Reloaded;
  /** Stops it in order; resolves when everything acknowledged is on disk. */
  stop(): Promise<void>;
  /** Resolves when it has stopped; rejects when it cannot go on. */
  readonly done: Promise<void>;
}

/** ZooKeeper's name of the file that lets a server begin an ensemble with an empty disk. */
const initialiseName = "initialize";

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
  const { readConfig = () => loadServerConfig(config.file) } = options;
  const settings = new SettingsInForce(config, readConfig, logger);
  const facts = new ServerFacts({ config, settings, sid, clock });
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
    const members = await findMembers(storage, context);
    return await startOn(storage, { ...context, audit, ...members });
  } catch (error) {
    audit?.serverFailed();
    await audit?.close();
    await storage.close();
    throw error;
  }
}

/** The context of a server that knows its ensemble; `config` has the members that count. */
interface MemberContext extends StartContext, Members {
  readonly config: ServerConfig;
  readonly audit: AuditTrail | undefined;
}

async function startOn(storage: Storage, context: MemberContext): Promise<RunningServer> {
  const { config, logger, clock, sid, facts, words, admin, audit, view, files } = context;
  const metrics = new ServerMetrics(clock.monotonicMs());
  const { load, loaded, volume } = await loadFromDisk(storage, metrics, context);
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
  loaded.tree.setListener(processor.treeListener);
  const quotaReport = new QuotaReport(complaints);
  const parts = { ...context, storage, load, loaded, volume, metrics, quotaReport, oddities };
  const replica = createReplica(parts, processor);
  processor.attach(replica);
  const metricsService = createMetricsService({ ...parts, processor, replica });
  const monitored = (): readonly MetricPair[] => metricsService.metricPairs();
  facts.attach({ replica, ensemble: view, clients: processor, storage, metrics: monitored });
  const election = createElectionNetwork({ ...context, oddities }, replica);
  const clients = await createClientPorts(config, complaints, processor);
  const reaper = createReaper(replica, config, clock);
  followEnsemble(view, { config, sid, election, clients, files, logger });
  const stop = async (): Promise<void> => {
    await processor.leadership.resign();
    admin.close();
    audit?.serverStopping();
    metricsService.stop();
    reaper.stop();
    clients.close();
    processor.close();
    await replica.stop();
    await files?.drain();
    await audit?.close();
    resolve(undefined);
  };
  await openPorts(metricsService, election, clients);
  files?.record(view.active, view.lastSeen);
  replica.start(election);
  reaper.start();
  audit?.serverStarted();
  const { plainPort: clientPort, securePort: secureClientPort } = clients;
  const reload = (): Reloaded => facts.settings.reload();
  return { clientPort, secureClientPort, adminPort: admin.port, reload, stop, done };
}

/** What the disk holds, and how it was and will be read. */
async function loadFromDisk(storage: Storage, metrics: ServerMetrics, context: MemberContext) {
  const { config, clock, logger } = context;
  const dataFolder = new Folder(nodeFiles, resolve(config.dataDir));
  const isInitial = existsSync(dataFolder.fileOf(initialiseName));
  const load = loadOptions(context, isInitial);
  const othersHaveIt = hasOtherVoters(config);
  const loaded = await loadStateOrQuarantine(storage, { ...load, othersHaveIt });
  metrics.loadMs.add(clock.monotonicMs() - metrics.startedAtMs);
  metrics.loadedTxns.add(loaded.replayedCount);
  // The file is for one start only: a disk that is lost later must not begin another ensemble. A
  // file that came back with a loss of power would let it.
  if (isInitial) await dataFolder.removeInOrder([initialiseName]);
  const mayBeginEmpty = load.mayBeginEmpty && !storage.isQuarantined;
  const volume = await settleVolume(
    storage,
    config,
    { isEmpty: loaded.isEmpty, mayBeginEmpty },
    logger,
  );
  return { load, loaded, volume };
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

function loadOptions({ config, view, logger }: MemberContext, isInitial: boolean): LoadOptions {
  const { replicated } = config;
  return {
    recentCount: config.commitLogCount,
    activeConfig: () => (replicated ? view.active : null),
    mayBeginEmpty: !replicated || isInitial || votesEmpty(config),
    logger,
  };
}

/** Whether an empty disk is always taken for an empty ensemble, as is ZooKeeper's default. */
function votesEmpty({ dbAutocreate, bootstrap }: ServerConfig): boolean {
  return dbAutocreate && bootstrap === "automatic";
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
  context: MemberContext & { readonly oddities: PeerOddities },
  replica: Replica,
): ElectionNetwork | undefined {
  const { config, sid, view, logger, oddities } = context;
  const own = view.electionEndpoints.get(sid);
  if (!config.replicated || own === undefined) return undefined;
  return new ElectionNetwork({
    sid,
    bind: bindEndpoint(own, config),
    address: formatEndpoint(own),
    peers: view.electionEndpoints,
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
