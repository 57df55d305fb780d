/**
 * The settings of throttles and limits, from the values of a configuration file. Weights follow
 * ZooKeeper: neither a global nor a renewed session weighs less than a local one.
 */
import type { ConnectionThrottleSettings, RequestLimitSettings } from "../limits/index.ts";
import type { ConfigValues } from "./config-values.ts";

/** @throws ConfigError for a value out of its range. */
export function readLimits(values: ConfigValues): {
  requestLimits: RequestLimitSettings;
  connectionThrottle: ConnectionThrottleSettings;
} {
  return {
    requestLimits: {
      globalOutstandingLimit: values.integer("globalOutstandingLimit"),
      requestThrottleMax: values.integer("request_throttle_max_requests"),
      throttledOpWaitMs: values.integer("throttled_op_wait_time"),
      largeRequestThresholdBytes: values.integer("largeRequestThreshold"),
      largeRequestBytesMax: values.integer("largeRequestMaxBytes"),
    },
    connectionThrottle: {
      tokens: values.integer("connection_throttle_tokens"),
      fillTimeMs: values.integer("connection_throttle_fill_time"),
      fillCount: values.integer("connection_throttle_fill_count"),
      freezeTimeMs: values.integer("connection_throttle_freeze_time"),
      dropIncrease: values.number("connection_throttle_drop_increase"),
      dropDecrease: values.number("connection_throttle_drop_decrease"),
      decreaseRatio: values.number("connection_throttle_decrease_ratio"),
      weights: readWeights(values),
    },
  };
}

function readWeights(values: ConfigValues): ConnectionThrottleSettings["weights"] {
  if (!values.boolean("connection_throttle_weight_enabled")) return null;
  const local = values.integer("connection_throttle_local_session_weight");
  return {
    local,
    global: Math.max(local, values.integer("connection_throttle_global_session_weight")),
    renewed: Math.max(local, values.integer("connection_throttle_renew_session_weight")),
  };
}
