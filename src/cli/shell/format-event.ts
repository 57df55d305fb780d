/** Prints the event of a watch as zkCli does. */
import type { WatchEvent, WatchEventType } from "../../client/index.ts";

const names: Readonly<Record<WatchEventType, string>> = {
  nodeCreated: "NodeCreated",
  nodeDeleted: "NodeDeleted",
  nodeDataChanged: "NodeDataChanged",
  nodeChildrenChanged: "NodeChildrenChanged",
  watchLost: "None",
};

/** The lines of an event. */
export function formatEvent({ type, path }: WatchEvent): string[] {
  const state = type === "watchLost" ? "Closed" : "SyncConnected";
  return ["", "WATCHER::", "", `WatchedEvent state:${state} type:${names[type]} path:${path}`];
}
