/**
 * From the text of a `zoo.cfg` to a `ServerConfig`. Follows ZooKeeper 3.9's reading of the same
 * file: server lines here or in the file named by `dynamicConfigFile`, this server's id in
 * `<dataDir>/myid`, its client address in its own server line or in `clientPort`. It is stricter
 * where ZooKeeper starts with something else than was asked for: numbers that are none, server
 * ids that are not in the list, security settings that cannot be honoured. It opens no file: the
 * caller passes what reads them.
 */
import { join } from "node:path";
import { isEnsembleId } from "../../wire/index.ts";
import { readAuthSettings } from "./auth-settings.ts";
import { ConfigError } from "./config-error.ts";
import { findConfigKey, suggestConfigKey } from "./config-keys.ts";
import { ConfigValues } from "./config-values.ts";
import { readMembership } from "./membership.ts";
import type { MembershipSettings } from "./membership.ts";
import { readMetricsConfig } from "./metrics-config.ts";
import { parseProperties } from "./properties.ts";
import type { Property } from "./properties.ts";
import type { ReadTextFile } from "./read-text-file.ts";
import { readLiveSettings } from "./read-live-settings.ts";
import type { AdminConfig, ServerConfig } from "./server-config.ts";
import { readTlsSettings } from "./tls-settings.ts";

const AUTOPURGE_RETAIN_MIN = 3;

/**
 * Parses and checks a server's configuration.
 *
 * @param text - content of the main file.
 * @param file - its name, for messages.
 * @param readFile - reads the dynamic file and `myid`.
 * @throws ConfigError for the first thing that is wrong.
 */
export function parseServerConfig(
  text: string,
  file: string,
  readFile: ReadTextFile,
): ServerConfig {
  const warnings: string[] = [];
  const serverLines: Property[] = [];
  const values = new ConfigValues(file);
  const properties = parseProperties(text, file);
  for (const property of properties) {
    sortProperty(property, { file, values, serverLines, warnings });
  }
  const dataDir = values.text("dataDir");
  if (dataDir === null) throw values.error("dataDir", "a folder for the data to be set");
  const times = readTimes(values);
  const settings: MembershipSettings = {
    file,
    values,
    serverLines,
    dataDir,
    readFile,
    warnings,
  };
  const membership = readMembership(settings);
  const tls = readTlsSettings(values);
  return {
    file,
    live: readLiveSettings(values, times.tickTimeMs),
    settings: values.texts(),
    settingsDigest: null,
    dataDir,
    ...times,
    ...membership,
    ...readDisk(values, dataDir, warnings),
    ...readClientLimits(values),
    requestLimits: readRequestLimits(values),
    electionConnectTimeoutMs: values.integer("cnxTimeout"),
    electionNotificationMinMs: values.integer("fastleader.minNotificationInterval"),
    electionNotificationMaxMs: values.integer("fastleader.maxNotificationInterval"),
    ...readObserverSettings(values),
    ...readIdentity(values),
    quorumListenOnAllIps: values.boolean("quorumListenOnAllIPs"),
    tcpKeepAlive: values.boolean("tcpKeepAlive"),
    epochWaitMs: nonNegative(values.integer("leader.maxTimeToWaitForEpoch")),
    // A standalone server is all that there is: its sessions are global either way.
    localSessionsEnabled: membership.replicated && values.boolean("localSessionsEnabled"),
    localSessionsUpgradingEnabled: values.boolean("localSessionsUpgradingEnabled"),
    readOnlyModeEnabled: membership.replicated && values.boolean("readonlymode.enabled"),
    skipAcl: values.boolean("skipACL"),
    ...readSecurePort(values),
    tls,
    auth: readAuthSettings(values, readFile, warnings, tls !== null),
    ...readNodeKinds(values),
    ...readNodeLimits(values),
    clickHouse: values.boolean("ensemble.clickhouse"),
    admin: readAdmin(values),
    shownEntries: properties.map(showEntry),
    metrics: readMetricsConfig(values),
    auditFile: readAuditFile(values, dataDir),
    warnings,
  };
}

/** -1 stands for no value. */
function nonNegative(value: number): number | null {
  return value < 0 ? null : value;
}

interface Sorting {
  readonly file: string;
  readonly values: ConfigValues;
  readonly serverLines: Property[];
  readonly warnings: string[];
}

/** Puts one entry of the file where it belongs: the values, the server lines, the warnings. */
function sortProperty(property: Property, sorting: Sorting): void {
  const { file, values, serverLines, warnings } = sorting;
  const { key, value, line } = property;
  const place = `${file}:${String(line)}`;
  const known = findConfigKey(key);
  if (known === null) {
    const suggestion = suggestConfigKey(key);
    const hint = suggestion === null ? "" : `; did you mean '${suggestion}'?`;
    warnings.push(`${place}: ${key}: unknown key is ignored${hint}`);
    return;
  }
  if (["server.*", "group.*", "weight.*"].includes(known.name)) {
    serverLines.push(property);
    return;
  }
  const reason = known.reason ?? "";
  if (known.support === "refused" && !(known.harmless ?? []).includes(value.toLowerCase())) {
    const harmless = (known.harmless ?? []).filter((text) => text !== "").join(" or ");
    const expected = `it ${harmless === "" ? "not to be set" : `to be ${harmless}`} (${reason})`;
    throw new ConfigError({ file, line, key, expected, found: value });
  }
  if (known.support === "noEffect") warnings.push(`${place}: ${key}: has no effect: ${reason}`);
  const replaced = values.set(known.name.endsWith(".*") ? key : known.name, property);
  if (replaced !== null) {
    warnings.push(`${place}: ${key}: overrides the one on line ${String(replaced.line)}`);
  }
}

type Times = Pick<
  ServerConfig,
  "tickTimeMs" | "initLimitTicks" | "syncLimitTicks" | "diskStallLimitMs"
>;

/** ZooKeeper's sample limits, for a standalone server that never uses them. */
const INIT_LIMIT_STANDALONE = 10;
const SYNC_LIMIT_STANDALONE = 5;

function readTimes(values: ConfigValues): Times {
  const tickTimeMs = values.integer("tickTime");
  const syncLimitTicks = values.integerOrNull("syncLimit") ?? SYNC_LIMIT_STANDALONE;
  return {
    tickTimeMs,
    initLimitTicks: values.integerOrNull("initLimit") ?? INIT_LIMIT_STANDALONE,
    syncLimitTicks,
    diskStallLimitMs:
      values.integerOrNull("ensemble.disk.stallLimit") ?? syncLimitTicks * tickTimeMs,
  };
}

function readDisk(values: ConfigValues, dataDir: string, warnings: string[]) {
  const retain = values.integer("autopurge.snapRetainCount");
  if (retain < AUTOPURGE_RETAIN_MIN) {
    warnings.push(
      `${values.error("autopurge.snapRetainCount", "3 or more").message}; 3 is used instead`,
    );
  }
  if (values.integer("autopurge.purgeInterval") === 0) {
    warnings.push(
      "autopurge.purgeInterval is 0: snapshots and logs are kept until the disk is full",
    );
  }
  return {
    dataLogDir: values.text("dataLogDir") ?? dataDir,
    dataDirAutocreate: values.boolean("datadir.autocreate"),
    dbAutocreate: values.boolean("db.autocreate"),
    snapshotTrustEmpty: values.boolean("snapshot.trust.empty"),
    snapCount: values.integer("snapCount"),
    snapSizeLimitKb: values.integer("snapSizeLimitInKb"),
    snapshotCompression: readCompression(values),
    txnLogSizeLimitKb: values.integer("txnLogSizeLimitInKb"),
    preAllocSizeKb: values.integer("preAllocSize"),
    forceSync: values.boolean("forceSync"),
    fsyncWarningThresholdMs: values.integer("fsync.warningthresholdms"),
    commitLogCount: values.integer("commitLogCount"),
    snapshotSizeFactor: values.number("snapshotSizeFactor"),
    learnerQueueMaxKb: values.integer("ensemble.learnerQueueMaxInKb"),
    maxConcurrentSnapSyncs: values.integer("leader.maxConcurrentSnapSyncs"),
    maxConcurrentDiffSyncs: values.integer("leader.maxConcurrentDiffSyncs"),
    autopurgeEnabled: values.integer("autopurge.purgeInterval") > 0,
    autopurgeSnapRetainCount: Math.max(retain, AUTOPURGE_RETAIN_MIN),
  };
}

function readObserverSettings(values: ConfigValues) {
  const port = values.integer("observerMasterPort");
  return {
    observerMasterPort: port > 0 ? port : null,
    observerMasterBytesMax: values.integer("observerMaster.sizeLimit"),
    observerReconnectDelayMs: values.integer("observer.reconnectDelayMs"),
    observerElectionDelayMs: values.integer("observer.election.DelayMs"),
  };
}

function readIdentity(values: ConfigValues) {
  const bootstrap = values.text("ensemble.bootstrap")?.toLowerCase() ?? "automatic";
  if (bootstrap !== "automatic" && bootstrap !== "explicit") {
    throw values.error("ensemble.bootstrap", "automatic or explicit");
  }
  const ensembleId = values.text("ensemble.id");
  if (ensembleId !== null && !isEnsembleId(ensembleId)) {
    throw values.error("ensemble.id", "a UUID, or up to 64 letters, digits and ._-");
  }
  const takesJoiners = values.boolean("ensemble.joiners") || values.boolean("reconfigEnabled");
  return { bootstrap, ensembleId, takesJoiners } as const;
}

function readCompression(values: ConfigValues): ServerConfig["snapshotCompression"] {
  const method = values.text("snapshot.compression.method")?.toLowerCase() ?? null;
  if (method === null || method === "gz" || method === "snappy") return method;
  throw values.error("snapshot.compression.method", "gz, snappy or nothing");
}

function readClientLimits(values: ConfigValues) {
  const backlog = values.integer("clientPortListenBacklog");
  return {
    clientPortListenBacklog: backlog < 1 ? null : backlog,
    sessionlessTimeoutMs: values.integer("nio.sessionlessCnxnTimeout"),
    juteMaxBufferBytes: values.integer("jute.maxbuffer"),
    clientTcpKeepAlive: values.boolean("clientTcpKeepAlive"),
    leaderServes: values.boolean("leaderServes"),
  };
}

function readRequestLimits(values: ConfigValues): ServerConfig["requestLimits"] {
  return {
    requestThrottleMax: values.integer("request_throttle_max_requests"),
    throttledOpWaitMs: values.integer("throttled_op_wait_time"),
    largeRequestThresholdBytes: values.integer("largeRequestThreshold"),
    largeRequestBytesMax: values.integer("largeRequestMaxBytes"),
  };
}

function readNodeKinds(values: ConfigValues) {
  return {
    extendedTypesEnabled: values.boolean("extendedTypesEnabled"),
    containerCheckIntervalMs: values.integer("znode.container.checkIntervalMs"),
    containerMaxPerMinute: values.integer("znode.container.maxPerMinute"),
    containerMaxNeverUsedIntervalMs: values.integer("znode.container.maxNeverUsedIntervalMs"),
  };
}

/** Bytes of a closeSession transaction besides the paths in it, rounded up. */
const CLOSE_SESSION_OVERHEAD_BYTES = 64;

function readNodeLimits(values: ConfigValues) {
  const name = "ephemeralNodes.total.byte.limit";
  const fitting = values.integer("jute.maxbuffer") - CLOSE_SESSION_OVERHEAD_BYTES;
  const ephemeralBytesMax = values.integerOrNull(name) ?? fitting;
  if (ephemeralBytesMax > fitting) {
    throw values.error(name, `at most ${String(fitting)}, 64 bytes below jute.maxbuffer`);
  }
  return { enforceQuota: values.boolean("enforceQuota"), ephemeralBytesMax };
}

function readAdmin(values: ConfigValues): AdminConfig {
  const commandUrl = values.text("admin.commandURL") ?? "/commands";
  if (!/^(\/[A-Za-z0-9._~-]+)+$/u.test(commandUrl)) {
    throw values.error("admin.commandURL", "a path such as /commands, of letters, digits and ._~-");
  }
  return {
    isEnabled: values.boolean("admin.enableServer"),
    address: values.text("admin.serverAddress") ?? "127.0.0.1",
    port: values.integer("admin.serverPort"),
    commandUrl,
    idleTimeoutMs: values.integer("admin.idleTimeout"),
    rateLimiterIntervalMs: values.integer("admin.rateLimiterIntervalInMS"),
    isSnapshotEnabled: values.boolean("admin.snapshot.enabled"),
    isRestoreEnabled: values.boolean("admin.restore.enabled"),
  };
}

/** Hides the values of keys that hold passwords, or what proves one. */
function showEntry({ key, value }: Property): readonly [key: string, value: string] {
  return [key, /passw|secret|superDigest|operatorDigest/iu.test(key) ? "***" : value];
}

function readAuditFile(values: ConfigValues, dataDir: string): string | null {
  if (!values.boolean("audit.enable")) return null;
  return values.text("ensemble.audit.file") ?? join(dataDir, "zookeeper_audit.log");
}

function readSecurePort(values: ConfigValues) {
  const secureClientPort = values.integerOrNull("secureClientPort");
  const secureClientPortAddress = values.text("secureClientPortAddress");
  if (secureClientPort === null && secureClientPortAddress !== null) {
    throw values.error("secureClientPortAddress", "secureClientPort to be set as well");
  }
  const clientPortUnification = values.boolean("client.portUnification");
  return { clientPortUnification, secureClientPort, secureClientPortAddress };
}
