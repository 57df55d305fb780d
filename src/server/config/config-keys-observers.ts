/** Keys about observers: whom they learn from, and when they come. */
import type { ConfigKey } from "./config-key.ts";

export const OBSERVER_KEYS: readonly ConfigKey[] = [
  {
    name: "observer.election.DelayMs",
    kind: "integer",
    default: "200",
    unit: "ms",
    min: 0,
    doc: "An observer that has lost its leader looks again after a random pause, so long at most.",
  },
  {
    name: "observer.reconnectDelayMs",
    kind: "integer",
    default: "0",
    unit: "ms",
    min: 0,
    doc: "An observer connects to the leader after a random pause, so long at most.",
  },
  {
    name: "observerMasterPort",
    kind: "integer",
    default: "0",
    min: 0,
    max: 65_535,
    doc:
      "Port at which followers take observers, and observers look for a follower; the same on " +
      "all servers. 0 is none: observers learn from the leader.",
  },
  {
    name: "observerMaster.sizeLimit",
    kind: "integer",
    default: "33554432",
    unit: "bytes",
    min: 0,
    doc:
      "Most bytes of committed transactions that a server with `observerMasterPort` keeps in " +
      "memory for learners that lag, besides `commitLogCount`.",
  },
];
