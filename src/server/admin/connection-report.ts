/** One client's connection in the words of `cons` and `stat`, and in those of the admin server. */
import { formatHex } from "../../wire/index.ts";
import type { ClientConnection } from "../client-connection.ts";
import { formatSocketAddress } from "../socket-address.ts";
import { operationName } from "./operation-names.ts";
import type { ServerFacts } from "./server-facts.ts";

/** Bits of Java's `SelectionKey`: what a server waits for on a connection. */
const waitsToRead = 1;
const waitsToWrite = 4;

function interestOps({ socket, isOpen }: ClientConnection): number {
  if (!isOpen) return 0;
  const reading = socket.isPaused() ? 0 : waitsToRead;
  return reading | (socket.writableLength > 0 ? waitsToWrite : 0);
}

/** A line without its end; without `facts` the short form, as in `stat`. */
export function formatConnection(connection: ClientConnection, facts?: ServerFacts): string {
  const { activity, socket, pendingCount } = connection;
  const counts = `queued=${pendingCount},recved=${activity.received},sent=${activity.sent}`;
  const ops = interestOps(connection).toString(16);
  const start = ` /${formatSocketAddress(socket)}[${ops}](${counts}`;
  if (facts === undefined || connection.sessionId === 0n) return `${start})`;
  const { lastXid, lastZxid, latency } = activity;
  const details = [
    `sid=${formatHex(connection.sessionId)}`,
    `lop=${operationName(activity.lastType)}`,
    `est=${facts.wallTimeOf(connection.connectedAtMs)}`,
    `to=${connection.timeoutMs}`,
    ...(lastXid < 0 ? [] : [`lcxid=0x${lastXid.toString(16)}`]),
    `lzxid=${formatHex(lastZxid)}`,
    `lresp=${Math.floor(activity.lastSentAtMs)}`,
    `llat=${Math.floor(activity.lastLatencyMs)}`,
    `minlat=${Math.floor(latency.minMs)}`,
    `avglat=${Math.floor(latency.meanMs)}`,
    `maxlat=${Math.floor(latency.maxMs)}`,
  ];
  return `${start},${details.join(",")})`;
}

/** The same as an object for JSON; without `facts` the short form. */
export function describeConnection(
  connection: ClientConnection,
  facts?: ServerFacts,
): Record<string, unknown> {
  const { activity } = connection;
  const counts = {
    remote_socket_address: formatSocketAddress(connection.socket),
    interest_ops: interestOps(connection),
    outstanding_requests: connection.pendingCount,
    packets_received: activity.received,
    packets_sent: activity.sent,
  };
  if (facts === undefined) return counts;
  const { latency } = activity;
  return {
    ...counts,
    session_id: connection.sessionId,
    last_operation: operationName(activity.lastType),
    established: facts.wallTimeOf(connection.connectedAtMs),
    session_timeout: connection.timeoutMs,
    last_cxid: activity.lastXid,
    last_zxid: activity.lastZxid,
    last_response_time: Math.floor(activity.lastSentAtMs),
    last_latency: Math.floor(activity.lastLatencyMs),
    min_latency: Math.floor(latency.minMs),
    avg_latency: Math.floor(latency.meanMs),
    max_latency: Math.floor(latency.maxMs),
  };
}
