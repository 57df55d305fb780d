/**
 * The keys about clients and administration; a part of the table in `config-keys.ts`,
 * which explains the columns. Keys are in alphabetical order within their list.
 */
import { noEffect, refused } from "./config-key.ts";
import type { ConfigKey } from "./config-key.ts";

const NO_ADMIN_TLS = "the admin server speaks plain HTTP only; keep it on loopback";
const NO_METRICS_TLS = "metrics are served without TLS; put a proxy in front of httpPort";
const ADDED_AT_ONCE = "measurements are added up at once";
const OFF = ["false", "no"];

/** Keys about what clients may do. */
export const CLIENT_KEYS: readonly ConfigKey[] = [
  {
    name: "4lw.commands.whitelist",
    kind: "text",
    default: "srvr",
    live: "fourLetterWords",
    doc: "The four-letter words that are answered, separated by commas; * is all of them.",
  },
  {
    name: "clientPort",
    kind: "integer",
    default: null,
    min: 0,
    max: 65535,
    doc: "The port for clients.",
  },
  {
    name: "clientPortAddress",
    kind: "text",
    default: "every interface",
    doc: "The address to listen on for clients; 0.0.0.0 is every interface, by IPv4 and IPv6.",
  },
  {
    name: "clientPortListenBacklog",
    kind: "integer",
    default: "-1",
    unit: "connections",
    min: -1,
    doc: "Connections that may wait to be accepted; -1 leaves it to the system.",
  },
  {
    name: "clientTcpKeepAlive",
    kind: "boolean",
    default: "false",
    doc: "Whether clients' sockets have TCP keep-alive.",
  },
  noEffect(
    "enableEagerACLCheck",
    "Checks access before a write is forwarded.",
    "not supported yet",
  ),
  {
    name: "ensemble.clickhouse",
    kind: "boolean",
    default: "false",
    doc: "Whether ClickHouse Keeper's operations are understood; not with a member of Apache's.",
  },
  {
    name: "enforceQuota",
    kind: "boolean",
    default: "false",
    doc: "Whether writes above a hard quota fail; otherwise they are only reported.",
  },
  {
    name: "ephemeralNodes.total.byte.limit",
    kind: "integer",
    default: "jute.maxbuffer less 64",
    unit: "bytes",
    min: 1,
    doc: "Bytes of the paths of one session's ephemeral nodes, 4 added to each.",
  },
  {
    name: "jute.maxbuffer",
    kind: "integer",
    default: "1048575",
    unit: "bytes",
    min: 1024,
    max: 0x7fffffff,
    doc: "The longest frame or field accepted.",
  },
  noEffect("jute.maxbuffer.extrasize", "Allowance above jute.maxbuffer for stored records."),
  {
    name: "leaderServes",
    kind: "boolean",
    default: "yes",
    doc: "Whether the leader of a quorum accepts clients.",
  },
  {
    name: "localSessionsEnabled",
    kind: "boolean",
    default: "false",
    doc:
      "Keeps new sessions on the server that their clients connect to: no transaction opens or " +
      "ends them, and they may own no ephemeral nodes. Set it alike on all servers.",
  },
  {
    name: "localSessionsUpgradingEnabled",
    kind: "boolean",
    default: "false",
    doc: "Makes a local session global when it creates its first ephemeral node.",
  },
  {
    name: "maxClientCnxns",
    kind: "integer",
    default: "60",
    unit: "connections",
    min: 0,
    live: "maxClientCnxns",
    doc: "Connections from one address; 0 is unlimited.",
  },
  {
    name: "maxCnxns",
    kind: "integer",
    default: "0",
    unit: "connections",
    min: 0,
    live: "maxCnxns",
    doc: "Connections altogether; 0 is unlimited.",
  },
  {
    name: "maxSessionTimeout",
    kind: "integer",
    default: "20 ticks",
    unit: "ms",
    min: -1,
    live: "maxSessionTimeoutMs",
    doc: "The longest session timeout granted.",
  },
  {
    name: "minSessionTimeout",
    kind: "integer",
    default: "2 ticks",
    unit: "ms",
    min: -1,
    live: "minSessionTimeoutMs",
    doc: "The shortest session timeout granted.",
  },
  {
    name: "nio.sessionlessCnxnTimeout",
    kind: "integer",
    default: "10000",
    unit: "ms",
    min: 1,
    doc: "Silence after which a connection that has no session is closed.",
  },
  {
    name: "readonlymode.enabled",
    kind: "boolean",
    default: "false",
    doc:
      "Serves reads without a quorum, to clients that say they are content with them, after " +
      "two seconds (or a tick, if longer) without a leader.",
  },
];

/** Keys about observing the server. */
export const ADMIN_KEYS: readonly ConfigKey[] = [
  {
    name: "admin.commandURL",
    kind: "text",
    default: "/commands",
    doc: "The path below which the admin server has its commands.",
  },
  {
    name: "admin.enableServer",
    kind: "boolean",
    default: "true",
    doc: "Whether there is an admin server: commands and probes over HTTP.",
  },
  refused("admin.forceHttps", "Makes the admin server speak HTTPS only.", NO_ADMIN_TLS, OFF),
  noEffect("admin.httpVersion", "The HTTP version of the admin server.", "it is 1.1"),
  {
    name: "admin.idleTimeout",
    kind: "integer",
    default: "30000",
    unit: "ms",
    min: 1,
    doc: "Silence after which the admin server closes a connection.",
  },
  refused("admin.needClientAuth", "Requires certificates of admin users.", NO_ADMIN_TLS, OFF),
  refused("admin.portUnification", "Accepts HTTPS on the admin port too.", NO_ADMIN_TLS, OFF),
  {
    name: "admin.rateLimiterIntervalInMS",
    kind: "integer",
    default: "300000",
    unit: "ms",
    min: 0,
    doc: "Time in which one snapshot and one restore may be asked of the admin server.",
  },
  {
    name: "admin.restore.enabled",
    kind: "boolean",
    default: "true",
    doc: "Whether the admin server takes snapshots to restore from.",
  },
  {
    name: "admin.serverAddress",
    kind: "text",
    default: "127.0.0.1",
    doc: "The address of the admin server; 0.0.0.0 is every interface, by IPv4 and IPv6.",
  },
  {
    name: "admin.serverPort",
    kind: "integer",
    default: "8080",
    min: 0,
    max: 65535,
    doc: "The port of the admin server; 0 lets the system choose.",
  },
  {
    name: "admin.snapshot.enabled",
    kind: "boolean",
    default: "true",
    doc: "Whether the admin server gives out snapshots.",
  },
  {
    name: "audit.enable",
    kind: "boolean",
    default: "false",
    doc: "Whether who changed what is written to the file of ensemble.audit.file.",
  },
  noEffect(
    "audit.impl.class",
    "The class that writes audit logs.",
    "Java classes cannot be loaded; records have the form of ZooKeeper's Slf4jAuditLogger",
  ),
  {
    name: "ensemble.audit.file",
    kind: "text",
    default: "zookeeper_audit.log in dataDir",
    doc: "The file of the audit log; ten earlier ones of 10 MB are kept beside it.",
  },
  noEffect("messageTracker.*", "Keeps the last messages of a peer.", "not supported yet"),
  {
    name: "metricsProvider.className",
    kind: "text",
    default: "org.apache.zookeeper.metrics.impl.DefaultMetricsProvider",
    doc: "ZooKeeper's default, null or Prometheus metrics provider, by the name of its class.",
  },
  {
    name: "metricsProvider.exportJvmInfo",
    kind: "boolean",
    default: "true",
    doc: "Whether Prometheus also gets the metrics of the process and of Node.js.",
  },
  {
    name: "metricsProvider.httpHost",
    kind: "text",
    default: "0.0.0.0",
    doc: "The address to listen on for Prometheus.",
  },
  {
    name: "metricsProvider.httpPort",
    kind: "integer",
    default: "7000",
    min: 0,
    max: 65535,
    doc: "The port for Prometheus.",
  },
  refused("metricsProvider.httpsPort", "The port for Prometheus with TLS.", NO_METRICS_TLS, []),
  refused("metricsProvider.ssl.*", "How TLS works for Prometheus.", NO_METRICS_TLS, []),
  noEffect("metricsProvider.maxQueueSize", "Bounds a queue of measurements.", "there is no queue"),
  noEffect("metricsProvider.numWorkerThreads", "Threads that add up measurements.", ADDED_AT_ONCE),
  noEffect("metricsProvider.workerShutdownTimeoutMs", "Waits for threads.", ADDED_AT_ONCE),
  noEffect("metricsProvider.*", "How metrics are exported.", "only Prometheus's are exported"),
];
