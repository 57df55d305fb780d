/**
 * The settings that may change while a server runs, from the values of a configuration file.
 * Weights of sessions follow ZooKeeper: neither a global nor a renewed one weighs less than a local
 * one.
 */
import type { ConnectionThrottleSettings } from "../limits/index.ts";
import type { ConfigValues } from "./config-values.ts";
import { parseFourLetterWords } from "./four-letter-words.ts";
import type { LiveSettings } from "./live-settings.ts";

/** @throws ConfigError for a value out of its range. */
export function readLiveSettings(values: ConfigValues, tickTimeMs: number): LiveSettings {
  return {
    ...readSessionTimeouts(values, tickTimeMs),
    maxClientCnxns: values.integer("maxClientCnxns"),
    maxCnxns: values.integer("maxCnxns"),
    globalOutstandingLimit: values.integer("globalOutstandingLimit"),
    connectionThrottle: readConnectionThrottle(values),
    fourLetterWords: parseFourLetterWords(
      values.text("4lw.commands.whitelist"),
      values.boolean("readonlymode.enabled"),
    ),
  };
}

function readSessionTimeouts(
  values: ConfigValues,
  tickTimeMs: number,
): Pick<LiveSettings, "minSessionTimeoutMs" | "maxSessionTimeoutMs"> {
  const minSet = values.integerOrNull("minSessionTimeout") ?? -1;
  const maxSet = values.integerOrNull("maxSessionTimeout") ?? -1;
  const minSessionTimeoutMs = minSet === -1 ? tickTimeMs * 2 : minSet;
  const maxSessionTimeoutMs = maxSet === -1 ? tickTimeMs * 20 : maxSet;
  if (minSessionTimeoutMs > maxSessionTimeoutMs) {
    throw values.error(
      minSet === -1 ? "maxSessionTimeout" : "minSessionTimeout",
      `minSessionTimeout (${String(minSessionTimeoutMs)} ms) not to be above ` +
        `maxSessionTimeout (${String(maxSessionTimeoutMs)} ms)`,
    );
  }
  return { minSessionTimeoutMs, maxSessionTimeoutMs };
}

function readConnectionThrottle(values: ConfigValues): ConnectionThrottleSettings {
  return {
    tokens: values.integer("connection_throttle_tokens"),
    fillTimeMs: values.integer("connection_throttle_fill_time"),
    fillCount: values.integer("connection_throttle_fill_count"),
    freezeTimeMs: values.integer("connection_throttle_freeze_time"),
    dropIncrease: values.number("connection_throttle_drop_increase"),
    dropDecrease: values.number("connection_throttle_drop_decrease"),
    decreaseRatio: values.number("connection_throttle_decrease_ratio"),
    weights: readWeights(values),
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
