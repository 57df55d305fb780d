/**
 * Which of ZooKeeper's test classes run against our server, and why the others do not. Every
 * class of the jar is in exactly one of the two tables; a test holds them to it. Names are below
 * `org.apache.zookeeper`.
 */

/** A class that runs. */
export interface RunningClass {
  readonly name: string;
  /** Methods that do not run, each with its reason. */
  readonly leftOut?: Readonly<Record<string, string>>;
}

/** Classes that do not run, for the same reason. */
export interface ExcludedClasses {
  readonly reason: string;
  /** Names, or the beginnings of names where they end in `*`. */
  readonly names: readonly string[];
}

const IN_PROCESS = "asks objects of a server in its own JVM";
const CHANGES_RUNNING = "changes the settings of a server that runs";
const PREP_FAULT = "makes ZooKeeper's request processor fail through a static field";

/** The classes that run, the longest ones first. */
export const RUNNING: readonly RunningClass[] = [
  {
    name: "RemoveWatchesTest",
    leftOut: {
      testRemoveAllChildWatchesOnAPath: IN_PROCESS,
      testRemoveAllDataWatchesOnAPath: IN_PROCESS,
      testRemoveAllPersistentRecursiveWatchesOnAPath: IN_PROCESS,
      testRemoveAllPersistentWatchesOnAPath: IN_PROCESS,
      testRemoveAllPersistentWatchesOnAPathPartially: IN_PROCESS,
      testRemoveAllWatchesOnAPath: IN_PROCESS,
      testRemovePersistentWatchesOnAPathPartially: IN_PROCESS,
    },
  },
  {
    name: "test.QuorumTest",
    leftOut: {
      testFollowersStartAfterLeader: IN_PROCESS,
      testGetView: IN_PROCESS,
      testLeaderShutdown: IN_PROCESS,
      testMultiToFollower: IN_PROCESS,
      testViewContains: IN_PROCESS,
    },
  },
  { name: "test.ClientTest", leftOut: { testPathValidation: PREP_FAULT } },
  { name: "test.WatcherTest", leftOut: { testWatcherCount: IN_PROCESS } },
  { name: "test.SessionTimeoutTest" },
  { name: "test.AsyncHammerTest" },
  { name: "test.QuorumHammerTest" },
  { name: "test.WatchEventWhenAutoResetTest" },
  { name: "ZooKeeperTest" },
  { name: "test.AsyncOpsTest" },
  { name: "test.ChrootAsyncTest" },
  { name: "test.ChrootClientTest", leftOut: { testPathValidation: PREP_FAULT } },
  { name: "test.DisconnectedWatcherTest" },
  { name: "test.PersistentWatcherACLTest" },
  { name: "test.ClientHammerTest" },
  { name: "test.QuorumRestartTest" },
  { name: "RemoveWatchesCmdTest" },
  { name: "test.SessionUpgradeTest" },
  { name: "test.LocalSessionsOnlyTest" },
  { name: "test.DuplicateLocalSessionUpgradeTest" },
  { name: "test.CheckTest" },
  {
    name: "test.SessionTest",
    leftOut: {
      testMinMaxSessionTimeout: CHANGES_RUNNING,
      testMaximumCnxnPerIP: CHANGES_RUNNING,
      testSessionStateNoDupStateReporting:
        "compares before its watcher has noted the last state, with no server running",
    },
  },
  { name: "test.EnforceQuotaTest" },
  { name: "test.PersistentWatcherTest" },
  { name: "test.PersistentRecursiveWatcherTest" },
  {
    name: "test.ACLTest",
    leftOut: {
      testAcls: IN_PROCESS,
      testAuthWithIPV4Server: "waits for a server that is embedded in its own JVM",
      testAuthWithIPV6Server: "waits for a server that is embedded in its own JVM",
      testNettyIpAuthDefault: IN_PROCESS,
    },
  },
  { name: "test.RecoveryTest" },
  { name: "test.QuorumZxidSyncTest" },
  {
    name: "test.ReadOnlyModeTest",
    leftOut: {
      testGlobalSessionInRO:
        "differs on purpose: our servers open new read-only sessions whether or not local sessions " +
        "are enabled; besides, it enables them on a server that runs",
      testSeekForRwServer: CHANGES_RUNNING,
    },
  },
  { name: "test.FourLetterWordsQuorumTest" },
  { name: "test.QuorumQuotaTest" },
  { name: "test.RepeatStartupTest" },
  { name: "test.AsyncTest" },
  { name: "test.AuthTest" },
  { name: "test.AuthSHA2Test" },
  { name: "test.AuthSHA3Test" },
  { name: "test.EnsembleAuthTest" },
  { name: "test.DigestAuthDisabledTest" },
  { name: "EnforceAuthenticationTest" },
  {
    name: "SaslAuthTest",
    leftOut: {
      testDisconnectNotCreatingLoginThread:
        "asks for the client's own threads, and takes SaslAuthenticated for a disconnect: it " +
        "fails whenever the client is back before its 250 ms poll for the server is",
    },
  },
  {
    name: "test.SaslAuthDesignatedClientTest",
    leftOut: { testReadAccessUser: "sets letAnySaslUserDoX, which our server refuses" },
  },
  { name: "test.SaslAuthDesignatedServerTest" },
  { name: "test.SaslAuthFailDesignatedClientTest" },
  { name: "test.SaslAuthFailTest" },
  { name: "test.SaslAuthMissingClientConfigTest" },
  { name: "test.SaslAuthRequiredFailNoSASLTest" },
  { name: "test.SaslAuthRequiredFailWrongSASLTest" },
  { name: "test.SaslAuthRequiredMultiClientTest" },
  { name: "test.SaslAuthRequiredTest" },
  { name: "test.SaslSuperUserTest", leftOut: { testOtherSuperIsSuper: CHANGES_RUNNING } },
  { name: "test.WatcherFuncTest" },
  {
    name: "ZKUtilTest",
    leftOut: { testUnreadableFileInput: "fails for root, who can read every file" },
  },
  { name: "test.NullDataTest" },
  { name: "test.MultiOperationTest" },
  { name: "GetEphemeralsTest" },
  { name: "test.FourLetterWordsTest" },
  {
    name: "test.FourLetterWordsWhiteListTest",
  },
  {
    name: "server.CreateTTLTest",
    leftOut: { testMulti: "pretends ages of nodes that are less apart than the server's looks" },
  },
  { name: "test.StatTest" },
  { name: "test.ServerCnxnTest" },
  { name: "GetAllChildrenNumberTest" },
  { name: "test.ClientRetryTest" },
  { name: "test.ChrootTest" },
  { name: "test.CreateTest" },
  { name: "test.GetChildren2Test" },
  { name: "test.ACLRootTest" },
  { name: "test.ClientPortBindTest" },
  { name: "test.ACLCountTest" },
  { name: "test.ObserverTest" },
  { name: "test.SessionInvalidationTest" },
  { name: "test.SyncCallTest" },
  { name: "test.MultiAsyncTransactionTest" },
  { name: "test.MaxCnxnsTest" },
];

/** The classes that do not run. */
export const EXCLUDED: readonly ExcludedClasses[] = [
  {
    reason: "test classes of ZooKeeper's by themselves, without a server",
    names: [
      "ClientCanonicalizeTest",
      "ClientCnxnSocketFragilityTest",
      "ClientCnxnSocketTest",
      "ClientReconnectTest",
      "CustomHostProviderTest",
      "KerberosTicketRenewalTest",
      "MultiOperationRecordTest",
      "MultiResponseTest",
      "PortAssignmentTest",
      "ServerConfigTest",
      "cli.*",
      "client.*",
      "common.*",
      "compat.*",
      "test.AtomicFileOutputStreamTest",
      "test.ConnectStringParserTest",
      "test.CreateModeTest",
      "test.EventTypeTest",
      "test.IPAuthTest",
      "test.KeeperStateTest",
      "test.OSMXBeanTest",
      "test.QuotasTest",
      "test.SaslClientTest",
      "test.StaticHostProviderTest",
      "test.StatsTrackTest",
      "test.StringUtilTest",
      "test.WatchedEventTest",
      "test.X509AuthTest",
      "util.*",
    ],
  },
  {
    reason: "test parts of ZooKeeper's server: what a class of it does, counts or logs",
    names: [
      "audit.*",
      "server.A*",
      "server.B*",
      "server.CRCTest",
      "server.ClientSSL*",
      "server.ConnectionMetricsTest",
      "server.CreateContainerTest",
      "server.D*",
      "server.E*",
      "server.F*",
      "server.I*",
      "server.M*",
      "server.N*",
      "server.P*",
      "server.R*",
      "server.S*",
      "server.T*",
      "server.X*",
      "server.Z*",
      "server.admin.*",
      "server.auth.*",
      "server.controller.*",
      "server.embedded.*",
      "server.metric.*",
      "server.persistence.*",
      "server.quorum.*",
      "server.util.*",
      "server.watch.*",
      "test.FLE*",
      "test.EmptiedSnapshotRecoveryTest",
      "test.FollowerResyncConcurrencyTest",
      "test.GetProposalFromTxnTest",
      "test.HierarchicalQuorumTest",
      "test.LeaderSessionTrackerTest",
      "test.LocalSessionRequestTest",
      "test.LoadFromLogNoServerTest",
      "test.LoadFromLogTest",
      "test.LogChopperTest",
      "test.NIOConnectionFactoryFdLeakTest",
      "test.NonRecoverableErrorTest",
      "test.ObserverHierarchicalQuorumTest",
      "test.QuorumMajorityTest",
      "test.QuorumOracleMajTest",
      "test.QuorumUtilTest",
      "test.ResponseCacheTest",
      "test.RestoreCommittedLogTest",
      "test.SessionTrackerCheckTest",
      "test.ThrottledOp*",
      "test.TruncateTest",
      "test.ZkDatabaseCorruptionTest",
      "test.ZooKeeperQuotaTest",
    ],
  },
  {
    reason: "read files of ZooKeeper's sources, which are not in the jar",
    names: ["test.BufferSizeTest", "test.InvalidSnapshotTest", "test.SSLAuthTest"],
  },
  {
    reason: "give the server a class of their own, and our server loads no Java classes",
    names: ["test.KeyAuthClientTest", "test.UnsupportedAddWatcherTest"],
  },
  {
    reason: "are switched off by ZooKeeper, or are suites of other classes",
    names: ["test.NettyNetty*", "test.NioNetty*", "test.OOMTest"],
  },
  {
    reason: "run the same tests as another class on a slower set-up",
    names: ["test.ClientSkipACLTest", "test.ObserverQuorumHammerTest"],
  },
  {
    reason: "need Kerberos or TLS, and files of ZooKeeper's sources",
    names: [
      "test.ClientSSLTest",
      "test.ReadOnlyModeWithSSLTest",
      "test.SaslDigestAuthOverSSLTest",
      "test.SaslKerberosAuthOverSSLTest",
    ],
  },
  {
    reason:
      "find the leader, or whether a server is standalone, by objects of a server in their own JVM; " +
      "test/compat/reconfig.test.ts and test/integration/reconfig.test.ts have what they ask",
    names: ["test.Reconfig*", "test.StandaloneTest"],
  },
  {
    reason: "take over a server's connections or ports in the test's JVM",
    names: ["ClientRequestTimeoutTest", "test.ObserverLETest", "test.ObserverMasterTest"],
  },
];
