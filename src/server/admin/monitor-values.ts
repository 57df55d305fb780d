/**
 * The values of `mntr` and of the admin command `monitor`: what the server is, then its metrics in
 * the form of the provider that is configured. Numbers that Java holds as floating-point come as
 * `Double`, so that they are printed as such.
 */
import { Double } from "./java-text.ts";
import { versionText } from "./server-facts.ts";
import type { MonitorValue, ServerFacts } from "./server-facts.ts";

/** All values of a server that serves; the version and the state come first. */
export function monitorValues(facts: ServerFacts): readonly MonitorValue[] {
  const values: MonitorValue[] = [
    ["version", versionText],
    ["server_state", facts.mode ?? "unknown"],
    ...quorumState(facts),
  ];
  const names = new Set(values.map(([name]) => name));
  for (const [name, value, isDecimal] of facts.metrics()) {
    if (!names.has(name)) values.push([name, isDecimal ? new Double(value) : value]);
  }
  return values;
}

/** What ZooKeeper calls the detailed state, such as `leading - broadcast`. */
function peerState(facts: ServerFacts): string {
  const { peer } = facts.replica;
  if (peer.role === "looking") return "looking";
  return `${peer.role} - ${peer.isServing ? "broadcast" : "synchronization"}`;
}

function quorumState(facts: ServerFacts): MonitorValue[] {
  if (!facts.config.replicated) return [];
  const voters = [...facts.members.servers.values()].filter(({ role }) => role === "participant");
  const values: MonitorValue[] = [
    ["peer_state", peerState(facts)],
    ["quorum_size", voters.length],
  ];
  if (facts.mode === "observer") {
    values.push(["observer_master_id", facts.replica.peer.leaderSid ?? -1n]);
  }
  return values;
}
