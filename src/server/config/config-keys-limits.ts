/**
 * The keys that limit how fast sessions are opened and how much work clients may have under way;
 * a part of the table in `config-keys.ts`, which explains the columns.
 */
import { noEffect } from "./config-key.ts";
import type { ConfigKey } from "./config-key.ts";

const NOT_READ = "requests that must wait stay in their sockets, unread";

/** Keys about throttles. */
export const LIMIT_KEYS: readonly ConfigKey[] = [
  {
    name: "connection_throttle_tokens",
    aliases: ["connectionMaxTokens"],
    kind: "integer",
    default: "0",
    unit: "sessions",
    min: 0,
    doc: "Sessions that may be opened at once; 0 turns the throttle off.",
  },
  {
    name: "connection_throttle_fill_time",
    aliases: ["connectionTokenFillTime"],
    kind: "integer",
    default: "1",
    unit: "ms",
    min: 1,
    doc: "Time in which the tokens of the next key come back.",
  },
  {
    name: "connection_throttle_fill_count",
    aliases: ["connectionTokenFillCount"],
    kind: "integer",
    default: "1",
    unit: "sessions",
    min: 1,
    doc: "Tokens that come back in that time.",
  },
  {
    name: "connection_throttle_freeze_time",
    aliases: ["connectionFreezeTime"],
    kind: "integer",
    default: "-1",
    unit: "ms",
    min: -1,
    doc: "Least time between changes of the drop chance; -1 drops none by chance.",
  },
  {
    name: "connection_throttle_drop_increase",
    aliases: ["connectionDropIncrease"],
    kind: "number",
    default: "0.02",
    min: 0,
    max: 1,
    doc: "By how much the drop chance grows while no tokens are left.",
  },
  {
    name: "connection_throttle_drop_decrease",
    aliases: ["connectionDropDecrease"],
    kind: "number",
    default: "0.002",
    min: 0,
    max: 1,
    doc: "By how much the drop chance shrinks while few tokens are missing.",
  },
  {
    name: "connection_throttle_decrease_ratio",
    aliases: ["connectionDecreaseRatio"],
    kind: "number",
    default: "0",
    min: 0,
    max: 1,
    doc: "Share of the tokens that counts as few.",
  },
  {
    name: "connection_throttle_weight_enabled",
    kind: "boolean",
    default: "false",
    doc: "Whether kinds of sessions take different numbers of tokens.",
  },
  {
    name: "connection_throttle_global_session_weight",
    kind: "integer",
    default: "3",
    unit: "tokens",
    min: 1,
    doc: "Tokens for a new session.",
  },
  {
    name: "connection_throttle_local_session_weight",
    kind: "integer",
    default: "1",
    unit: "tokens",
    min: 1,
    doc: "Tokens for a new local session.",
  },
  {
    name: "connection_throttle_renew_session_weight",
    kind: "integer",
    default: "2",
    unit: "tokens",
    min: 1,
    doc: "Tokens for taking up a session again.",
  },
  {
    name: "globalOutstandingLimit",
    kind: "integer",
    default: "1000",
    unit: "requests",
    min: 1,
    doc: "Requests under way above which a connection that has one of them is not read.",
  },
  {
    name: "largeRequestMaxBytes",
    kind: "integer",
    default: "104857600",
    unit: "bytes",
    min: 1,
    doc: "All large requests under way; one above it closes its connection.",
  },
  {
    name: "largeRequestThreshold",
    kind: "integer",
    default: "-1",
    unit: "bytes",
    min: -1,
    doc: "Size above which a request is large; -1 for none.",
  },
  {
    name: "request_throttle_max_requests",
    aliases: ["requestThrottleLimit"],
    kind: "integer",
    default: "0",
    unit: "requests",
    min: 0,
    doc: "Requests under way from which no connection is read; 0 is unlimited.",
  },
  {
    name: "throttled_op_wait_time",
    aliases: ["throttledOpWaitTime"],
    kind: "integer",
    default: "0",
    unit: "ms",
    min: 0,
    doc: "Wait for room after which a request fails with ThrottledOp; 0 is never.",
  },
  {
    ...noEffect(
      "request_throttle_stall_time",
      "How often room is looked for.",
      "nobody waits for it",
    ),
    aliases: ["requestThrottleStallTime"],
  },
  {
    ...noEffect("request_throttle_drop_stale", "Drops requests nobody waits for.", NOT_READ),
    aliases: ["requestThrottleDropStale"],
  },
  {
    ...noEffect("request_stale_latency_check", "Counts late requests as stale.", NOT_READ),
    aliases: ["requestStaleLatencyCheck"],
  },
  {
    ...noEffect(
      "request_stale_connection_check",
      "Counts requests of closed connections.",
      NOT_READ,
    ),
    aliases: ["requestStaleConnectionCheck"],
  },
];
