/**
 * The load generator's engine: a closed loop that keeps a fixed number of requests in flight on
 * every connection, and measures those that are answered inside a window after the warm-up. Each
 * read from a socket is answered by one write with as many new requests as it brought replies.
 * A lost connection ends the run with an error: a result with fewer connections would mislead.
 */
import { cpus } from "node:os";
import { LatencyHistogram } from "./histogram.ts";
import { sum } from "./numbers.ts";
import { readMachineBusySeconds, readProcessUsage } from "./process-usage.ts";
import type { ProcessUsage } from "./process-usage.ts";
import { RawConnection } from "./raw-connection.ts";
import type { ReplySink } from "./raw-connection.ts";
import { NODE_EXISTS, encodeCreate, encodeSync, replyErrorCode, replyXid } from "./raw-frames.ts";
import { ROOT_PATH, RequestSource, buildValue, nodePath, prepareFrames } from "./workload.ts";
import type { WorkloadOptions } from "./workload.ts";

/** One server's client address. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A whole run. */
export interface LoadOptions extends WorkloadOptions {
  /** Connections are dealt out to these in turn. */
  readonly addresses: readonly Address[];
  readonly connectionCount: number;
  /** Requests in flight on each connection. */
  readonly pipelineDepth: number;
  readonly warmUpMs: number;
  /** Length of the measured window. */
  readonly measureMs: number;
  /** The window ends early when this many operations were answered in it. */
  readonly opsMax: number;
  /** Servers on this machine whose processor time in the window is reported. */
  readonly serverPids: readonly number[];
}

/** What one server process used. */
export interface ServerUsage {
  readonly pid: number;
  /** In the measured window. */
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly rssPeakBytes: number;
}

/** What a run measured. */
export interface LoadResult {
  readonly ops: number;
  readonly seconds: number;
  readonly opsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** Replies in the window with an error code. */
  readonly errors: number;
  /** Processor time of the load generator itself in the window. */
  readonly loadCpuSeconds: number;
  /**
   * Part of the machine's processor time in the window (0..1) that neither the load generator nor
   * the servers named used: above a few percent, somebody else spoiled the measurement.
   */
  readonly othersCpuShare: number;
  readonly servers: readonly ServerUsage[];
}

const SESSION_TIMEOUT_MS = 30_000;
const OPEN_TIMEOUT_MS = 10_000;
const DRAIN_TIMEOUT_MS = 20_000;
const PREPARE_BATCH = 200;

/** State that all connections of a run share. */
interface Shared {
  readonly histogram: LatencyHistogram;
  readonly opsMax: number;
  measuring: boolean;
  stopping: boolean;
  ops: number;
  errors: number;
  onOpsMax: () => void;
  onFailure: (error: Error) => void;
}

/** Runs a load from connecting to closing. @throws Error when a server drops a connection. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { addresses, connectionCount } = options;
  await prepareNodes(options);
  const connections = await Promise.all(
    Array.from({ length: connectionCount }, (_, index) =>
      openSession(addresses[index % addresses.length] as Address),
    ),
  );
  // A follower may lag behind the server on which the nodes were prepared.
  await Promise.all(connections.map((each) => each.request(encodeSync(1, ROOT_PATH))));
  let onFailure: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    onFailure = reject;
  });
  const shared: Shared = {
    histogram: new LatencyHistogram(),
    opsMax: options.opsMax,
    measuring: false,
    stopping: false,
    ops: 0,
    errors: 0,
    onOpsMax: () => undefined,
    onFailure,
  };
  const runId = process.pid.toString(36) + Math.floor(performance.timeOrigin).toString(36);
  const frames = prepareFrames(options);
  const loops = connections.map(
    (connection, index) =>
      new ClosedLoop(
        connection,
        new RequestSource(options, frames, `${runId}-${index}`),
        options.pipelineDepth,
        shared,
      ),
  );
  return Promise.race([measure(options, loops, shared), failed]);
}

async function measure(
  options: LoadOptions,
  loops: readonly ClosedLoop[],
  shared: Shared,
): Promise<LoadResult> {
  for (const loop of loops) {
    loop.start();
  }
  await wait(options.warmUpMs);
  const enough = new Promise<void>((resolve) => {
    shared.onOpsMax = resolve;
  });
  const before = options.serverPids.map(readProcessUsage);
  const cpuBefore = process.cpuUsage();
  const busyBefore = readMachineBusySeconds();
  const startMs = performance.now();
  shared.measuring = true;
  await Promise.race([wait(options.measureMs), enough]);
  shared.measuring = false;
  const seconds = (performance.now() - startMs) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const loadCpuSeconds = (cpu.user + cpu.system) / 1e6;
  const servers = before.map(usageSince);
  const busySeconds = readMachineBusySeconds() - busyBefore;
  const ownSeconds = loadCpuSeconds + sum(servers.map(({ cpuSeconds }) => cpuSeconds));
  shared.stopping = true;
  await Promise.all(loops.map((loop) => loop.drain(DRAIN_TIMEOUT_MS)));
  return {
    ops: shared.ops,
    seconds,
    opsPerSecond: shared.ops / seconds,
    p50Ms: shared.histogram.quantileUs(0.5) / 1000,
    p99Ms: shared.histogram.quantileUs(0.99) / 1000,
    p999Ms: shared.histogram.quantileUs(0.999) / 1000,
    errors: shared.errors,
    loadCpuSeconds,
    othersCpuShare: Math.max(0, busySeconds - ownSeconds) / (seconds * cpus().length),
    servers,
  };
}

/** One connection that always has `depth` requests in flight. */
class ClosedLoop implements ReplySink {
  readonly #connection: RawConnection;
  readonly #source: RequestSource;
  readonly #depth: number;
  readonly #shared: Shared;
  /** When each request in flight was sent; replies come in order, so this is a ring. */
  readonly #sentAtMs: Float64Array;
  #nextXid = 1;
  #expectedXid = 1;
  /** The time of the read that is being handled; one clock reading serves all its replies. */
  #nowMs = 0;
  #drained: (() => void) | undefined;
  #isClosing = false;

  constructor(connection: RawConnection, source: RequestSource, depth: number, shared: Shared) {
    this.#connection = connection;
    this.#source = source;
    this.#depth = depth;
    this.#shared = shared;
    this.#sentAtMs = new Float64Array(depth);
    connection.setSink(this);
  }

  start(): void {
    this.#nowMs = performance.now();
    this.#send(this.#depth);
    this.#nowMs = 0;
  }

  onReply(chunk: Buffer, start: number): void {
    const xid = replyXid(chunk, start);
    if (xid !== this.#expectedXid) {
      const text = `Replies out of order: got xid ${xid}, expected ${this.#expectedXid}`;
      this.#shared.onFailure(new Error(text));
    }
    if (this.#nowMs === 0) {
      this.#nowMs = performance.now();
    }
    if (this.#shared.measuring) {
      const sentAtMs = this.#sentAtMs[this.#expectedXid % this.#depth] ?? 0;
      this.#shared.histogram.record((this.#nowMs - sentAtMs) * 1000);
      this.#shared.ops += 1;
      if (replyErrorCode(chunk, start) !== 0) {
        this.#shared.errors += 1;
      }
    }
    this.#expectedXid += 1;
  }

  onChunkEnd(): void {
    const freeCount = this.#depth - (this.#nextXid - this.#expectedXid);
    if (this.#shared.ops >= this.#shared.opsMax) {
      this.#shared.onOpsMax();
    }
    if (!this.#shared.stopping && freeCount > 0) {
      this.#send(freeCount);
    } else if (freeCount === this.#depth) {
      this.#drained?.();
    }
    this.#nowMs = 0;
  }

  onClosed(error: Error): void {
    if (!this.#isClosing) {
      this.#shared.onFailure(error);
    }
  }

  /** Waits for the replies that are still due, then closes the session. */
  async drain(timeoutMs: number): Promise<void> {
    if (this.#nextXid !== this.#expectedXid) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new Error(`No reply to the last requests in ${timeoutMs} ms`));
        }, timeoutMs);
        this.#drained = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#isClosing = true;
    await this.#connection.close();
  }

  #send(count: number): void {
    const out = Buffer.allocUnsafe(count * this.#source.frameBytesMax);
    let end = 0;
    for (let sent = 0; sent < count; sent += 1) {
      end = this.#source.writeNext(out, end, this.#nextXid);
      this.#sentAtMs[this.#nextXid % this.#depth] = this.#nowMs;
      this.#nextXid += 1;
    }
    this.#connection.write(end === out.length ? out : out.subarray(0, end));
  }
}

async function prepareNodes(options: LoadOptions): Promise<void> {
  const connection = await openSession(options.addresses[0] as Address);
  const value = buildValue(options.valueBytes);
  const paths = Array.from({ length: options.nodeCount }, (_, index) => nodePath(index));
  await createAll(connection, [ROOT_PATH], value);
  for (let from = 0; from < paths.length; from += PREPARE_BATCH) {
    await createAll(connection, paths.slice(from, from + PREPARE_BATCH), value);
  }
  await connection.close();
}

async function createAll(
  connection: RawConnection,
  paths: readonly string[],
  value: Buffer,
): Promise<void> {
  const frames = paths.map((path, index) => encodeCreate(index + 1, path, value));
  for (const { errorCode } of await connection.requestAll(frames)) {
    if (errorCode !== 0 && errorCode !== NODE_EXISTS) {
      throw new Error(`Cannot prepare nodes: a create failed with code ${errorCode}`);
    }
  }
}

function openSession(address: Address): Promise<RawConnection> {
  return RawConnection.open({
    ...address,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    openTimeoutMs: OPEN_TIMEOUT_MS,
  });
}

function usageSince(before: ProcessUsage): ServerUsage {
  const { pid, cpuSeconds, rssBytes, rssPeakBytes } = readProcessUsage(before.pid);
  return { pid, cpuSeconds: cpuSeconds - before.cpuSeconds, rssBytes, rssPeakBytes };
}

function wait(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
