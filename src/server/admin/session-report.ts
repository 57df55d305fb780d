/**
 * Sessions, their ephemeral nodes, and connections, as `dump` shows them. Text comes in pieces, for
 * there may be very many of each.
 */
import { formatHex } from "../../wire/index.ts";
import { formatSocketAddress } from "../socket-address.ts";
import { formatDate } from "./java-text.ts";
import type { ServerFacts } from "./server-facts.ts";

/** Within which a connection without a session has to open one, and the grain of what is shown. */
const connectionGrainMs = 10_000;

/** The whole report; sessions by their expiry where this server knows it, that is on a leader. */
export function* dumpSessions(facts: ServerFacts): Generator<string> {
  yield "SessionTracker dump:\n";
  yield* facts.clients.leading === undefined ? dumpGlobalSessions(facts) : dumpDeadlines(facts);
  yield "ephemeral nodes dump:\n";
  const { tree } = facts;
  const owners = [...tree.ephemeralOwners()];
  yield `Sessions with Ephemerals (${owners.length}):\n`;
  for (const owner of owners) {
    yield `${formatHex(owner)}:\n`;
    for (const path of tree.ephemeralsOf(owner)) yield `\t${path}\n`;
  }
  yield* dumpConnections(facts);
}

/** Expiry times on the monotonic clock, in ms, and the sessions of each, soonest first. */
export function sessionDeadlines(
  facts: ServerFacts,
): readonly (readonly [deadlineMs: number, ids: readonly bigint[]])[] {
  const nowMs = facts.clock.monotonicMs();
  const times = facts.clients.leading?.timesLeft() ?? [];
  return times.map(([leftMs, ids]) => [Math.round(nowMs + leftMs), [...ids]]);
}

function* dumpDeadlines(facts: ServerFacts): Generator<string> {
  const deadlines = sessionDeadlines(facts);
  const count = deadlines.reduce((sum, [, ids]) => sum + ids.length, 0);
  yield `Session Sets (${deadlines.length})/(${count}):\n`;
  for (const [deadlineMs, ids] of deadlines) {
    yield `${ids.length} expire at ${formatDate(facts.wallTimeOf(deadlineMs))}:\n`;
    for (const id of ids) yield `\t${formatHex(id)}\n`;
  }
}

function* dumpGlobalSessions({ tree }: ServerFacts): Generator<string> {
  const sessions = [...tree.globalSessions].sort(([left], [right]) => (left < right ? -1 : 1));
  yield `Global Sessions(${sessions.length}):\n`;
  for (const [id, timeoutMs] of sessions) yield `${formatHex(id)}\t${timeoutMs}ms\n`;
}

function* dumpConnections(facts: ServerFacts): Generator<string> {
  const nowMs = facts.clock.monotonicMs();
  const sets = new Map<number, string[]>();
  for (const { socket, sessionId, timeoutMs, isOpen } of facts.clients.connections) {
    const dueMs = nowMs + (isOpen ? timeoutMs : connectionGrainMs);
    const setMs = (Math.floor(dueMs / connectionGrainMs) + 1) * connectionGrainMs;
    const line = `\tip: /${formatSocketAddress(socket)} sessionId: ${formatHex(sessionId)}\n`;
    const lines = sets.get(setMs);
    if (lines === undefined) sets.set(setMs, [line]);
    else lines.push(line);
  }
  yield "Connections dump:\n";
  yield `Connections Sets (${sets.size})/(${facts.clients.connections.size}):\n`;
  for (const [setMs, lines] of [...sets].sort(([left], [right]) => left - right)) {
    yield `${lines.length} expire at ${formatDate(facts.wallTimeOf(setMs))}:\n`;
    yield* lines;
  }
}
