/**
 * Measures what a large tree costs its server's disk side: how long a start takes from a snapshot
 * alone, and what writing a snapshot does to the writes that go on meanwhile (their latency, and
 * the longest pause of the event loop). One process, no network: what is measured is the storage
 * and the tree as the server uses them.
 *
 *     npm run bench:restart -- [--nodes 1000000] [--bytes 100] [--method gz|snappy]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { setImmediate as turn } from "node:timers/promises";
import { parseArgs } from "node:util";
import { keepLargeHeapTight } from "../src/main/heap-growth.ts";
import { nullLogger } from "../src/observe/index.ts";
import { TreeRecovery } from "../src/server/index.ts";
import { Storage } from "../src/storage/index.ts";
import type { StorageOptions } from "../src/storage/index.ts";
import { DataTree } from "../src/tree/index.ts";
import { JuteWriter, OpCode, encodeSnapshotBody, openAcl, writeTxn } from "../src/wire/index.ts";

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "1000000" },
    bytes: { type: "string", default: "100" },
    method: { type: "string", default: "" },
  },
});

keepLargeHeapTight();

/** Pause between the writes whose latency is measured, in ms: a server that is busy, not full. */
const writeEveryMs = 2;
const idleWrites = 1000;

function optionsOf(folder: string): StorageOptions {
  const { method } = values;
  return {
    dataDir: folder,
    dataLogDir: folder,
    logger: nullLogger,
    preAllocBytes: 64 * 1024 * 1024,
    snapRetainCount: 3,
    snapshotCompression: method === "gz" || method === "snappy" ? method : null,
    trustEmpty: false,
    forceSync: true,
  };
}

function fill(tree: DataTree, count: number, bytes: number): void {
  const data = Buffer.alloc(bytes, "x");
  for (let index = 0; index < count; index++) {
    const isFolder = index % 1000 === 0;
    const folder = `/folder-${Math.floor(index / 1000)}`;
    const name = isFolder ? folder : `${folder}/node-${index}`;
    const zxid = BigInt(index + 1);
    const header = { clientId: 1n, cxid: 1, zxid, timeMs: 1_700_000_000_000, type: OpCode.create };
    const txn = { path: name, data, acl: openAcl, ephemeral: false, parentCVersion: -1 };
    tree.apply(header, { type: OpCode.create, ...txn });
  }
}

/** Writes one after the other while `isGoing`; the latency of each in ms. */
async function measureWrites(
  storage: Storage,
  tree: DataTree,
  isGoing: (count: number) => boolean,
): Promise<number[]> {
  const writer = new JuteWriter();
  const latencies: number[] = [];
  for (let count = 0; isGoing(count); count++) {
    const zxid = tree.lastProcessedZxid + 1n;
    const type = OpCode.setData;
    const header = { clientId: 1n, cxid: 1, zxid, timeMs: 1_700_000_000_000, type };
    const txn = { type, path: "/folder-0", data: Buffer.alloc(100), version: count } as const;
    const startMs = performance.now();
    writeTxn(writer, header, txn, null);
    storage.append(zxid, writer.takeCopy());
    await storage.sync();
    tree.apply(header, txn);
    latencies.push(performance.now() - startMs);
    while (performance.now() - startMs < writeEveryMs) await turn();
  }
  return latencies;
}

function percentile(sorted: readonly number[], share: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(2);
}

function report(what: string, latencies: number[], pauseMs: number): void {
  const sorted = latencies.toSorted((left, right) => left - right);
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => percentile(sorted, share));
  const writes = `${sorted.length} writes, p50 ${p50} ms, p99 ${p99} ms, longest ${max} ms`;
  console.log(`${what}: ${writes}; longest pause ${pauseMs.toFixed(1)} ms`);
}

async function measureSnapshot(folder: string): Promise<void> {
  const storage = await Storage.open(optionsOf(folder));
  await storage.recover(new TreeRecovery(), 0);
  const tree = new DataTree();
  fill(tree, Number(values.nodes), Number(values.bytes));
  const info = { lastProcessedZxid: tree.lastProcessedZxid };
  const startMs = performance.now();
  await storage.installSnapshot(encodeSnapshotBody(tree), info);
  console.log(`snapshot without writes: ${Math.round(performance.now() - startMs)} ms`);
  // Warm up, then idle, then during a snapshot.
  await measureWrites(storage, tree, (count) => count < 200);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const idle = await measureWrites(storage, tree, (count) => count < idleWrites);
  report("idle", idle, delay.max / 1e6);
  delay.reset();
  let isWritten = false;
  const snapshotMs = performance.now();
  const snapshot = { lastProcessedZxid: tree.lastProcessedZxid };
  const writing = storage.writeSnapshot(encodeSnapshotBody(tree), snapshot).then(() => {
    isWritten = true;
  });
  const busy = await measureWrites(storage, tree, () => !isWritten);
  await writing;
  report(`snapshot (${Math.round(performance.now() - snapshotMs)} ms)`, busy, delay.max / 1e6);
  await storage.close();
}

async function measureStart(folder: string): Promise<void> {
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  const storage = await Storage.open(optionsOf(folder));
  const target = new TreeRecovery();
  await storage.recover(target, 500);
  const ms = Math.round(performance.now() - startMs);
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = Math.round((user + system) / 1000);
  const rssMiB = Math.round(process.memoryUsage().rss / 1024 / 1024);
  console.log(
    `start: ${target.tree.nodeCount} nodes in ${ms} ms (${cpuMs} ms of processor), ${rssMiB} MiB resident`,
  );
  await storage.close();
}

const folder = mkdtempSync(path.join(tmpdir(), "ensemble-restart-"));
try {
  await measureSnapshot(folder);
  await measureStart(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
