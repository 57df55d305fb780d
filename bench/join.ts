/**
 * How much memory a snapshot costs on both ends when a follower with an old tree joins its leader:
 * three servers with many nodes, one follower is stopped, so much is written that a snapshot has to
 * be sent, and the follower is started again. Prints the resident memory before and the highest
 * until the follower serves, and how long that took.
 *
 *     npm run bench:join -- [--nodes 1e6] [--value-bytes 100]
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { askServerMode } from "../test/compat/support/four-letter-word.ts";
import { parseNumber } from "./numbers.ts";
import { readProcessUsage } from "./process-usage.ts";
import { RawConnection } from "./raw-connection.ts";
import { encodeCreate, encodeSetData } from "./raw-frames.ts";
import { SideName, startSide } from "./side.ts";
import { openWorkspace } from "./workspace.ts";

/** Writes that the follower misses: more than a leader keeps at hand. */
const MISSED = 2000;
const FOLDERS = 1000;

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "1e6" },
    "value-bytes": { type: "string", default: "100" },
  },
});
const nodeCount = parseNumber("--nodes", values.nodes, FOLDERS, 1e8);
const valueBytes = parseNumber("--value-bytes", values["value-bytes"], 0, 1e6);

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

function print(what: string, figure: string): void {
  console.log(`${what.padEnd(40)}${figure.padStart(12)}`);
}

const { folder } = openWorkspace();
const side = await startSide({
  name: SideName.ours,
  serverCount: 3,
  baseFolder: folder,
  // No transactions from the log instead of the snapshot.
  config: { initLimit: 60, syncLimit: 30, snapshotSizeFactor: -1 },
});
const modes = await Promise.all(
  side.members.map(({ ports }) => askServerMode("127.0.0.1", ports.client)),
);
const leader = modes.indexOf("leader");
const follower = modes.lastIndexOf("follower");
const connection = await RawConnection.open({
  host: "127.0.0.1",
  port: side.members[leader]?.ports.client ?? 0,
  sessionTimeoutMs: 3_600_000,
  openTimeoutMs: 60_000,
});
const value = Buffer.alloc(valueBytes, "x");
await connection.succeedAll(FOLDERS, (at) => encodeCreate(1, `/d${at}`, value));
await connection.succeedAll(nodeCount - FOLDERS, (at) =>
  encodeCreate(1, `/d${at % FOLDERS}/n${String(at).padStart(7, "0")}`, value),
);
await side.servers[follower]?.stop();
await connection.succeedAll(MISSED, (at) => encodeSetData(1, `/d${at % FOLDERS}`, value));
const leaderPid = side.servers[leader]?.pid ?? 0;
print("leader before", megabytes(readProcessUsage(leaderPid).rssBytes));
// The kernel's highest mark begins anew.
writeFileSync(`/proc/${leaderPid}/clear_refs`, "5");
const startedMs = performance.now();
await side.restart(follower);
print("follower serving after", `${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
print("leader, highest meanwhile", megabytes(readProcessUsage(leaderPid).rssPeakBytes));
print(
  "follower, highest",
  megabytes(readProcessUsage(side.servers[follower]?.pid ?? 0).rssPeakBytes),
);
await connection.close();
await side.stop();
