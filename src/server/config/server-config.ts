/**
 * What a server is told before it starts: the settings of a `zoo.cfg`, its dynamic file and its
 * `myid`, parsed, checked and with defaults filled in. The names follow ZooKeeper's keys with our
 * rules on units; `config-keys.ts` says which key each one comes from. Nothing here reads a file.
 */
import type { ServerSpec } from "../../wire/index.ts";
import type { RequestLimitSettings } from "../limits/index.ts";
import type { AuthSettings } from "./auth-settings.ts";
import type { LiveSettings } from "./live-settings.ts";
import type { MetricsConfig } from "./metrics-config.ts";
import type { TlsSettings } from "./tls-settings.ts";

/** The admin server: commands and probes over HTTP. */
export interface AdminConfig {
  readonly isEnabled: boolean;
  /** Address to listen on. @default 127.0.0.1 */
  readonly address: string;
  /** 0 lets the system choose. @default 8080 */
  readonly port: number;
  /** Begins with a slash, and does not end with one. @default /commands */
  readonly commandUrl: string;
  /** Silence after which a connection is closed, in ms. @default 30000 */
  readonly idleTimeoutMs: number;
  /** Time in which one snapshot and one restore are let through, in ms. @default 300000 */
  readonly rateLimiterIntervalMs: number;
  readonly isSnapshotEnabled: boolean;
  readonly isRestoreEnabled: boolean;
}

/** The configuration of one server process. */
export interface ServerConfig {
  /** The file that this was read from, as the user named it. */
  readonly file: string;
  /** What may change while the server runs. */
  readonly live: LiveSettings;
  /** What keys are set to, by their names in the table, with secrets; members' lines apart. */
  readonly settings: ReadonlyMap<string, string>;
  /** Stands for the settings to whoever wrote them; null if nobody asks for it. */
  readonly settingsDigest: string | null;
  /** Folder of snapshots, epoch files and `myid`; as written, relative to the working folder. */
  readonly dataDir: string;
  /** Folder of the transaction logs. @default dataDir */
  readonly dataLogDir: string;
  /** Whether missing data folders are created. @default true */
  readonly dataDirAutocreate: boolean;
  /** Whether a server without data may vote though no `initialize` file is there. @default true */
  readonly dbAutocreate: boolean;
  /** Whether transaction logs without any snapshot are accepted. @default false */
  readonly snapshotTrustEmpty: boolean;

  /** The unit of the limits below, in ms. @default 3000 */
  readonly tickTimeMs: number;
  /** Time for a learner to connect to its leader and synchronise, in ticks. */
  readonly initLimitTicks: number;
  /** Silence after which a learner or a leader counts as gone, in ticks. */
  readonly syncLimitTicks: number;
  /** Time to open a connection to a peer's election port, in ms. @default 5000 */
  readonly electionConnectTimeoutMs: number;
  /** First and longest pause between repeated votes, in ms. @default 200 and 60000 */
  readonly electionNotificationMinMs: number;
  readonly electionNotificationMaxMs: number;

  /**
   * Port for clients, from `clientPort` or this server's own line; null when there is none, 0 to
   * let the system choose.
   */
  readonly clientPort: number | null;
  /** Address to listen on for clients; null means every interface. */
  readonly clientPortAddress: string | null;
  /** Whether `clientPort` takes TLS as well. @default false */
  readonly clientPortUnification: boolean;
  /** Port for clients with TLS; null when there is none, 0 to let the system choose. */
  readonly secureClientPort: number | null;
  /** Address to listen on for clients with TLS; null means every interface. */
  readonly secureClientPortAddress: string | null;
  /** Null when no port for clients takes TLS. */
  readonly tls: TlsSettings | null;
  /** Connections waiting to be accepted; null leaves it to the system. */
  readonly clientPortListenBacklog: number | null;
  /** How long a leader waits for voters to agree on an epoch; null for initLimit. */
  readonly epochWaitMs: number | null;
  /** Whether new sessions are known to their server alone. */
  readonly localSessionsEnabled: boolean;
  /** Whether a local session becomes global when it creates an ephemeral node. */
  readonly localSessionsUpgradingEnabled: boolean;
  /** Whether a server without a quorum serves reads to clients that ask for it. */
  readonly readOnlyModeEnabled: boolean;
  /** Silence after which a connection that has no session is closed, in ms. @default 10000 */
  readonly sessionlessTimeoutMs: number;
  /** Longest frame or field accepted from a peer or client, in bytes. @default 1048575 */
  readonly juteMaxBufferBytes: number;
  /** How much work clients may have under way. */
  readonly requestLimits: RequestLimitSettings;
  /** Whether clients' sockets have TCP keep-alive. @default false */
  readonly clientTcpKeepAlive: boolean;
  /** Whether the leader of a quorum accepts clients. @default true */
  readonly leaderServes: boolean;

  /** Transactions between snapshots, randomised from half of it. @default 100000 */
  readonly snapCount: number;
  /**
   * Size of the log between snapshots, randomised from half of it, in KiB; 0 or less is unlimited.
   * @default 4194304
   */
  readonly snapSizeLimitKb: number;
  /** How snapshots are written; null for uncompressed ones. @default null */
  readonly snapshotCompression: "gz" | "snappy" | null;
  /** Size at which a log file is closed, in KiB; 0 or less is unlimited. @default -1 */
  readonly txnLogSizeLimitKb: number;
  /** Step in which log files grow, in KiB. @default 65536 */
  readonly preAllocSizeKb: number;
  /** Whether a transaction is on disk before it is acknowledged. @default true */
  readonly forceSync: boolean;
  /** Duration from which a sync of the log is reported as slow, in ms. @default 1000 */
  readonly fsyncWarningThresholdMs: number;
  /**
   * A leader whose disk takes longer over one sync leaves the lead to others, and a server is not
   * ready, in ms. @default syncLimit ticks
   */
  readonly diskStallLimitMs: number;
  /** Committed transactions kept in memory for learners that lag. @default 500 */
  readonly commitLogCount: number;
  /**
   * Largest size of the log, in that of a snapshot, that learners are sent instead of a snapshot;
   * 0 is any size, below 0 never. @default 0.33
   */
  readonly snapshotSizeFactor: number;
  /** What may wait for a learner before it is dropped, in KiB. @default 65536 */
  readonly learnerQueueMaxKb: number;
  /** Observers that are sent a snapshot at a time. @default 10 */
  readonly maxConcurrentSnapSyncs: number;
  /** Observers that are sent missing transactions at a time. @default 100 */
  readonly maxConcurrentDiffSyncs: number;
  /**
   * Port at which followers take observers, and observers look for a follower; null when observers
   * learn from the leader. @default null
   */
  readonly observerMasterPort: number | null;
  /** Committed transactions kept in memory where there is that port, in bytes. @default 33554432 */
  readonly observerMasterBytesMax: number;
  /** Longest random pause of an observer before it dials the leader, in ms. @default 0 */
  readonly observerReconnectDelayMs: number;
  /** The same before it looks for a leader again, in ms. @default 200 */
  readonly observerElectionDelayMs: number;
  /** Whether old snapshots and logs are removed after each snapshot. @default true */
  readonly autopurgeEnabled: boolean;
  /** Snapshots kept by the purge that follows each of them, at least 3. @default 3 */
  readonly autopurgeSnapRetainCount: number;

  /** This server's id; null only when it is standalone without a `myid` file. */
  readonly myId: bigint | null;
  /** Whether this server is part of a quorum, be it of one; otherwise it is standalone. */
  readonly replicated: boolean;
  /** By server id, in ascending order; empty for a standalone server. */
  readonly servers: ReadonlyMap<bigint, ServerSpec>;
  /** Server ids by group; empty for quorums that are majorities. */
  readonly groups: ReadonlyMap<bigint, readonly bigint[]>;
  /** Weights by server id, of a hierarchical quorum. */
  readonly weights: ReadonlyMap<bigint, bigint>;
  /** Version of these members, from the dynamic file's name; 0 when there is none. */
  readonly configVersion: bigint;
  /** Whether an empty disk votes, or only one that is told to by an `initialize` file. */
  readonly bootstrap: "automatic" | "explicit";
  /** Identity that the ensemble must have; null for any. @default null */
  readonly ensembleId: string | null;
  /** Whether servers that are not in the membership may come and learn. @default false */
  readonly takesJoiners: boolean;
  /** Whether the members may be changed while the servers run. @default false */
  readonly reconfigEnabled: boolean;
  /** Whether one server alone is no quorum. @default true */
  readonly standaloneEnabled: boolean;
  /** Whether peers are awaited on every interface. @default false */
  readonly quorumListenOnAllIps: boolean;
  /** Whether election sockets have TCP keep-alive. @default false */
  readonly tcpKeepAlive: boolean;

  /** Whether access lists are ignored. @default false */
  readonly skipAcl: boolean;
  /** Who clients are, and who may come in. */
  readonly auth: AuthSettings;
  /**
   * Whether ClickHouse Keeper's operations are understood; only where no member is Apache's.
   * @default false
   */
  readonly clickHouse: boolean;
  /** Whether requests above a hard quota fail. @default false */
  readonly enforceQuota: boolean;
  /**
   * Bytes that the paths of one session's ephemeral nodes may take in the transaction that closes
   * it, which every server must be able to read. @default juteMaxBufferBytes less 64
   */
  readonly ephemeralBytesMax: number;
  /** Whether container, TTL and other extended nodes may be created. @default false */
  readonly extendedTypesEnabled: boolean;
  /** Pause between looks for container and TTL nodes that are due, in ms. @default 60000 */
  readonly containerCheckIntervalMs: number;
  /** Container and TTL nodes removed in a minute. @default 10000 */
  readonly containerMaxPerMinute: number;
  /** How long a container may wait for its first child, in ms; 0 is for ever. @default 0 */
  readonly containerMaxNeverUsedIntervalMs: number;

  readonly admin: AdminConfig;
  /** The main file's entries in their order, without secrets, for people to see. */
  readonly shownEntries: readonly (readonly [key: string, value: string])[];
  /** How metrics are shown. */
  readonly metrics: MetricsConfig;
  /** File of the audit log; null when there is none. @default null */
  readonly auditFile: string | null;

  /** What the user should know about the file, a sentence each; the server works regardless. */
  readonly warnings: readonly string[];
}
