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

/** The lines of a `zoo.cfg`, in the order of the settings. */
export function renderSettings(settings: Settings): string[] {
  return Object.entries(settings).map(([key, value]) => formatProperty(key, value));
}
