/**
 * Keys of ZooKeeper's that say nothing to this server: details of the Java server, and settings of
 * clients that are found in servers' files.
 */
import { noEffect } from "./config-key.ts";
import type { ConfigKey } from "./config-key.ts";

/** Keys about threads, caches and classes of the Java server. */
export const JVM_KEYS: readonly ConfigKey[] = [
  "advancedFlowControlEnabled",
  "bitHashCacheSize",
  "closeSessionTxn.enabled",
  "commitProcessor.*",
  "configuration",
  "controllerPort",
  "electionPortBindRetry",
  "follower.*",
  "forceSnapshotSync",
  "forward_learner_requests_to_commit_processor_disabled",
  "intBufferStartingSizeBytes",
  "jmx.*",
  "jvm.pause.*",
  "leader.ackLoggingFrequency",
  "leader.closeSocketAsync",
  "leader.nodelay",
  "leaderConnectDelayDuringRetryMs",
  "learner.*",
  "maxGetChildrenResponseCacheSize",
  "maxInProcessingDeadWatchers",
  "maxResponseCacheSize",
  "netty.*",
  "nio.*",
  "outstandingHandshake.limit",
  "pathStats.*",
  "request.timeout",
  "request_throttler.*",
  "serverCnxnFactory",
  "skipLearnerRequestToNextProcessor",
  "watchManagerName",
  "watcherCleanIntervalInSeconds",
  "watcherCleanThreadsNum",
  "watcherCleanThreshold",
].map((name) => noEffect(name, "A detail of the Java server."));

/** Keys that ZooKeeper's clients and tests read from the same system properties. */
export const FOREIGN_KEYS: readonly ConfigKey[] = [
  "client.secure",
  "clientCnxnSocket",
  "disableAutoWatchReset",
  "kinit",
  "sasl.client",
  "sasl.client.*",
  "sasl.clientconfig",
  "server.principal",
  "server.realm",
  "test.*",
  "testingonly.*",
  "version",
].map((name) => noEffect(name, "A setting of ZooKeeper's clients or tests.", "this is a server"));
