/**
 * `ensemble inspect snapshot FILE`: what a snapshot holds, node by node as it is read, so that the
 * size of the file does not matter. ZooKeeper's counterpart is SnapshotFormatter.
 */
import { StorageError, readSnapshotFile } from "../../storage/index.ts";
import type { SnapshotTrailer } from "../../storage/index.ts";
import { WireError, formatHex } from "../../wire/index.ts";
import type { SnapshotNode, SnapshotSink } from "../../wire/index.ts";
import { timeText } from "./format-txn.ts";
import { InspectError } from "./inspect-error.ts";

export interface SnapshotFlags {
  readonly json?: boolean;
  readonly data?: boolean;
  readonly summary?: boolean;
}

type Print = (line: string) => void;

/** @throws InspectError `damaged` when the file cannot be read to its end. */
export async function inspectSnapshot(
  file: string,
  flags: SnapshotFlags,
  print: Print,
): Promise<void> {
  const counts = { sessions: 0, acls: 0, nodes: 0, ephemerals: 0, dataBytes: 0 };
  const sink: SnapshotSink = {
    session: (sessionId, timeoutMs) => {
      counts.sessions += 1;
      if (flags.summary !== true) printSession(sessionId, timeoutMs, flags, print);
    },
    acl: () => {
      counts.acls += 1;
    },
    node: (node) => {
      counts.nodes += 1;
      counts.dataBytes += node.data?.length ?? 0;
      if (isEphemeral(node)) counts.ephemerals += 1;
      if (flags.summary !== true) printNode(node, flags, print);
    },
  };
  const trailer = await readSnapshot(file, sink);
  const totals = { ...counts, ...describeTrailer(trailer) };
  if (flags.json === true) print(JSON.stringify({ summary: totals }));
  else for (const [key, value] of Object.entries(totals)) print(`${key}: ${String(value)}`);
}

/** As `readSnapshotFile`; damage to the file becomes `InspectError`. */
export async function readSnapshot(file: string, sink: SnapshotSink): Promise<SnapshotTrailer> {
  try {
    return await readSnapshotFile(file, sink);
  } catch (error) {
    const cause = error instanceof StorageError ? error.cause : error;
    if (!(cause instanceof WireError)) throw error;
    throw new InspectError("damaged", `'${file}' is damaged: ${cause.message}`);
  }
}

/** Owners with the uppermost bit set mark containers and TTL nodes. */
function isEphemeral({ stat }: SnapshotNode): boolean {
  return stat.ephemeralOwner !== 0n && stat.ephemeralOwner >> 63n === 0n;
}

function printSession(
  sessionId: bigint,
  timeoutMs: number,
  { json }: SnapshotFlags,
  print: Print,
): void {
  const session = formatHex(sessionId);
  if (json === true) print(JSON.stringify({ session, timeoutMs }));
  else print(`session ${session}, timeout ${timeoutMs} ms`);
}

function printNode(node: SnapshotNode, { json, data }: SnapshotFlags, print: Print): void {
  const { stat } = node;
  const fields = {
    czxid: formatHex(stat.czxid),
    ctime: timeText(stat.ctimeMs),
    mzxid: formatHex(stat.mzxid),
    mtime: timeText(stat.mtimeMs),
    pzxid: formatHex(stat.pzxid),
    version: stat.version,
    cversion: stat.cversion,
    aversion: stat.aversion,
    ephemeralOwner: formatHex(stat.ephemeralOwner),
    ...(data === true
      ? { data: node.data?.toString("base64") ?? null }
      : { dataLength: node.data?.length ?? 0 }),
  };
  const path = node.path === "" ? "/" : node.path;
  if (json === true) {
    print(JSON.stringify({ path, ...fields }));
    return;
  }
  print(path);
  for (const [key, value] of Object.entries(fields)) print(`  ${key} = ${String(value)}`);
}

function describeTrailer({ digest, lastZxid }: SnapshotTrailer): Record<string, string> {
  return {
    ...(digest === null
      ? {}
      : { digest: formatHex(digest.digest), digestZxid: formatHex(digest.zxid) }),
    ...(lastZxid === null ? {} : { lastZxid: formatHex(lastZxid) }),
  };
}
