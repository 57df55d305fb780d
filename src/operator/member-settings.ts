/**
 * The settings of members: what a specification asks for, between what holds unless it says
 * otherwise and what follows from what the operator decides. Every operator renders them so.
 */
import { formatProperty } from "./format-property.ts";

/** Settings of a `zoo.cfg`, by key. */
export type Settings = Readonly<Record<string, string>>;

/** What holds unless the specification's `config` says otherwise. */
const DEFAULT_SETTINGS: Settings = {
  tickTime: "2000",
  initLimit: "10",
  syncLimit: "5",
  "4lw.commands.whitelist": "srvr, ruok, stat, mntr, conf, cons, isro",
};

/**
 * All settings of a member.
 *
 * @param config - the specification's, with ZooKeeper's prefix or without.
 * @param own - the operator's, which win.
 */
export function mergeSettings(config: Settings, own: Settings): Record<string, string> {
  const settings: Record<string, string> = { ...DEFAULT_SETTINGS };
  for (const [key, value] of Object.entries(config)) {
    settings[key.replace(/^zookeeper\./u, "")] = value;
  }
  return { ...settings, ...own };
}

/**
 * The settings that running members take up, by all their names: the keys that the servers' own
 * table calls live (docs/configuration.md), which a test compares.
 */
export const LIVE_KEYS: readonly string[] = [
  "4lw.commands.whitelist",
  "connection_throttle_tokens",
  "connectionMaxTokens",
  "connection_throttle_fill_time",
  "connectionTokenFillTime",
  "connection_throttle_fill_count",
  "connectionTokenFillCount",
  "connection_throttle_freeze_time",
  "connectionFreezeTime",
  "connection_throttle_drop_increase",
  "connectionDropIncrease",
  "connection_throttle_drop_decrease",
  "connectionDropDecrease",
  "connection_throttle_decrease_ratio",
  "connectionDecreaseRatio",
  "connection_throttle_weight_enabled",
  "connection_throttle_global_session_weight",
  "connection_throttle_local_session_weight",
  "connection_throttle_renew_session_weight",
  "globalOutstandingLimit",
  "maxClientCnxns",
  "maxCnxns",
  "maxSessionTimeout",
  "minSessionTimeout",
];

/** What of a text made of `renderSettings()` takes effect only when a member starts. */
export function withoutLiveSettings(text: string): string {
  const isLive = (line: string): boolean => LIVE_KEYS.some((key) => line.startsWith(`${key}=`));
  return text
    .split("\n")
    .filter((line) => !isLive(line))
    .join("\n");
}

/** The lines of a `zoo.cfg`, in the order of the settings. */
export function renderSettings(settings: Settings): string[] {
  return Object.entries(settings).map(([key, value]) => formatProperty(key, value));
}
