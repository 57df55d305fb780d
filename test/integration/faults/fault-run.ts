/**
 * One run: clients at work, one fault after the other from a seed, and in the end everything healed
 * and judged. Safety is judged by the history of the clients; liveness by writes going on after each
 * fault, and by all servers serving the same tree in the end.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { randomInt, seededRandom } from "../../../src/base/index.ts";
import type { Random } from "../../../src/base/index.ts";
import { EnsembleClient, ZkError } from "../../../src/client/index.ts";
import { zxidEpoch } from "../../../src/wire/index.ts";
import { checkHistory } from "../../history/check-history.ts";
import { acknowledgedWrites } from "../../history/operation.ts";
import type { History } from "../../history/operation.ts";
import { dumpTree, formatDump } from "../support/tree-dump.ts";
import type { TreeDump } from "../support/tree-dump.ts";
import { chooseFault } from "./fault-table.ts";
import { clientPort } from "./faulty-ensemble.ts";
import type { FaultyEnsemble } from "./faulty-ensemble.ts";
import { RecordingClient } from "./recording-client.ts";
import { Workload, pathsToMake } from "./workload.ts";

const CLIENTS = 6;
/** Generous: this is about whether it goes on at all, and the machine may be busy. */
const RECOVERY_TIMEOUT_MS = 90_000;
const [calmMsMin, calmMsMax] = [300, 3000];
const [faultMsMin, faultMsMax] = [200, 7000];
/** Chance that a second fault begins while the first one lasts, and that it does so at once. */
const [overlapChance, atOnceChance] = [0.3, 0.5];
/** Chance that the next fault waits until all servers serve again, not only a quorum. */
const PATIENCE = 0.7;
/** Time after the last fault for which clients go on. */
const TAIL_MS = 5 * 60_000;
const POLL_MS = 20;

export interface RunOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly report: (line: string) => void;
}

/** What a run came to. */
export interface Outcome {
  readonly history: History;
  /** When the first fault could begin, on the clock of the history. */
  readonly startedMs: number;
  /** What is wrong, as sentences; empty when nothing is. */
  readonly problems: readonly string[];
  readonly faultCounts: ReadonlyMap<string, number>;
  /** What came of changes of members and of hand-overs, with counts. */
  readonly askedFor: ReadonlyMap<string, number>;
  readonly otherErrors: ReadonlyMap<string, number>;
}

export class FaultRun {
  readonly #ensemble: FaultyEnsemble;
  readonly #options: RunOptions;
  readonly #random: Random;
  readonly #history: History = { operations: [], events: [], ends: [] };
  readonly #clients: RecordingClient[] = [];
  readonly #faultCounts = new Map<string, number>();
  #startedMs = 0;
  readonly #problems: string[] = [];

  constructor(ensemble: FaultyEnsemble, options: RunOptions) {
    this.#ensemble = ensemble;
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  /** Runs and judges. @throws when the run itself cannot be carried out. */
  async run(): Promise<Outcome> {
    await this.#ensemble.whenServing(RECOVERY_TIMEOUT_MS);
    await this.#makePaths();
    const runs = this.#startClients().map((client) => client.run());
    const failures = Promise.allSettled(runs);
    try {
      await this.#hurt();
      for (const client of this.#clients) client.rest();
      await this.#judgeEnd();
    } catch (error) {
      this.#problems.push((error as Error).message);
    }
    for (const client of this.#clients) client.end();
    for (const result of await failures) {
      if (result.status === "rejected") this.#problems.push(`Client: ${String(result.reason)}`);
    }
    return {
      history: this.#history,
      startedMs: this.#startedMs,
      problems: [...this.#problems, ...this.#ensemble.surprises],
      faultCounts: this.#faultCounts,
      askedFor: this.#ensemble.administrator.outcomes,
      otherErrors: sumOf(this.#clients.map(({ otherErrors }) => otherErrors)),
    };
  }

  async #makePaths(): Promise<void> {
    const client = await EnsembleClient.connect(this.#ensemble.addresses.join(","));
    const [queue = "", ephemerals = "", parent = "", ...registers] = pathsToMake(
      this.#options.durationMs + TAIL_MS,
    );
    await Promise.all([queue, ephemerals, parent].map((path) => client.create(path)));
    await Promise.all(registers.map((path) => client.create(path)));
    await client.close();
  }

  #startClients(): RecordingClient[] {
    const { seed, durationMs } = this.#options;
    const history = this.#history;
    const workload = new Workload(seededRandom(seed ^ 0x10ad), history, durationMs + TAIL_MS);
    const hosts = this.#ensemble.ids.map((id) => this.#ensemble.network.hostOf(id));
    for (let index = 0; index < CLIENTS; index++) {
      const random = seededRandom(seed ^ (index + 1));
      const options = { random, history, workload, hosts, port: clientPort };
      this.#clients.push(new RecordingClient(options));
    }
    return this.#clients;
  }

  /** Fault after fault until the time is over; all of them healed then. */
  async #hurt(): Promise<void> {
    await this.#whenWriting();
    this.#startedMs = performance.now();
    while (performance.now() - this.#startedMs < this.#options.durationMs) {
      await sleep(randomInt(this.#random, calmMsMin, calmMsMax));
      const heals = [await this.#begin()];
      if (this.#random.next() < overlapChance) {
        const isAtOnce = this.#random.next() < atOnceChance;
        const [min, max] = isAtOnce ? [0, faultMsMin] : [faultMsMin, faultMsMax];
        await sleep(randomInt(this.#random, min, max));
        heals.push(await this.#begin());
      }
      await sleep(randomInt(this.#random, faultMsMin, faultMsMax));
      for (const heal of heals.reverse()) await heal();
      const isPatient = this.#random.next() < PATIENCE;
      await this.#ensemble.keepStarted(async () => {
        await this.#ensemble.administrator.restoreMembers(RECOVERY_TIMEOUT_MS);
        await this.#whenWriting();
        if (isPatient) await this.#ensemble.whenServing(RECOVERY_TIMEOUT_MS);
      });
    }
  }

  async #begin(): Promise<() => Promise<void> | void> {
    const ensemble = this.#ensemble;
    const random = this.#random;
    const pick = (ids: readonly number[]): number => ids[randomInt(random, 0, ids.length)] ?? 0;
    // All choices are made before looking: who leads must not change what the seed says.
    const [fallback, fault] = [pick(ensemble.ids), chooseFault(ensemble, random)];
    const leader = (await ensemble.leader()) ?? fallback;
    const follower = pick(ensemble.ids.filter((id) => id !== leader));
    const { to, heal } = await fault.begin({ ensemble, random, leader, follower });
    this.#faultCounts.set(fault.name, (this.#faultCounts.get(fault.name) ?? 0) + 1);
    const atS = ((performance.now() - this.#startedMs) / 1000).toFixed(1);
    const line = `${atS.padStart(7)} s  ${fault.name} (${to})`;
    this.#options.report(line);
    ensemble.note(line);
    return heal;
  }

  /** Waits for the acknowledgement of a write that was sent from now on. */
  async #whenWriting(): Promise<void> {
    const { operations } = this.#history;
    const first = operations.length;
    const deadlineMs = performance.now() + RECOVERY_TIMEOUT_MS;
    const isDone = (): boolean => {
      for (let index = first; index < operations.length; index++) {
        const { kind, outcome } = operations[index] ?? {};
        if (kind === "set" && outcome === "ok") return true;
      }
      return false;
    };
    while (!isDone()) {
      if (performance.now() > deadlineMs) {
        throw new Error(`No write in ${RECOVERY_TIMEOUT_MS} ms after all was healed`);
      }
      await sleep(POLL_MS);
    }
  }

  /** All servers serve, what vanished has expired, and all trees are what the history says. */
  async #judgeEnd(): Promise<void> {
    await this.#ensemble.keepStarted(async () => {
      // An answer that never came may have been a change all the same, and a late one.
      await this.#ensemble.administrator.restoreMembers(RECOVERY_TIMEOUT_MS);
      await this.#ensemble.whenServing(RECOVERY_TIMEOUT_MS);
    });
    const vanished = new Set(this.#clients.flatMap((client) => client.vanished));
    const tree = await this.#whenExpired(vanished);
    const lines = this.#comparable(tree);
    for (const address of this.#ensemble.addresses) {
      const others = new Set(this.#comparable(await dumpTree(address)));
      const missing = lines.filter((line) => !others.has(line));
      if (missing.length > 0 || others.size !== lines.length) {
        this.#problems.push(`${address} has another tree: ${missing[0] ?? "more nodes"}`);
      }
    }
    // Their ends were not seen, only that they have ended.
    for (const session of vanished) this.#history.ends.push({ session, knownMs: Infinity });
    const flat = new Map(
      [...tree].map(([path, { data, stat }]) => [path, { ...stat, value: data }]),
    );
    // Last of all: while a long history is judged no client gets on, and sessions expire.
    this.#problems.push(...checkHistory(this.#history, flat));
  }

  /** What all servers must have in common. */
  #comparable(tree: TreeDump): string[] {
    if (this.#ensemble.network.isUniform) return formatDump(tree);
    return formatDump(new Map([...tree].filter(([path]) => path !== "/zookeeper/config")));
  }

  /** The tree, when no node of these sessions is in it any more. */
  async #whenExpired(sessions: ReadonlySet<bigint>): Promise<TreeDump> {
    const deadlineMs = performance.now() + RECOVERY_TIMEOUT_MS;
    for (;;) {
      const tree = await this.#treeAtRest();
      const left = [...(tree ?? [])].filter(([, { stat }]) => sessions.has(stat.ephemeralOwner));
      if (tree !== undefined && left.length === 0) return tree;
      if (performance.now() > deadlineMs) {
        throw new Error(`Never expired: ${left.map(([path]) => path).join(", ")}`);
      }
      await sleep(1000);
    }
  }

  /** The tree; undefined when a node expired while it was read. */
  async #treeAtRest(): Promise<TreeDump | undefined> {
    try {
      return await dumpTree(this.#ensemble.addresses[0] ?? "");
    } catch (error) {
      if (error instanceof ZkError && error.code === "noNode") return undefined;
      throw error;
    }
  }
}

/** The longest time without the acknowledgement of a write, and terms of leaders that wrote. */
export function figuresOf({ operations }: History) {
  const writes = acknowledgedWrites(operations);
  const terms = new Set(writes.map(({ zxid }) => zxidEpoch(zxid))).size;
  const times = writes.map(({ returnedMs }) => returnedMs).sort((one, other) => one - other);
  let [writeGapMs, gapEndMs] = [0, 0];
  for (const [index, time] of times.entries()) {
    const gapMs = time - (times[index - 1] ?? time);
    if (gapMs > writeGapMs) [writeGapMs, gapEndMs] = [gapMs, time];
  }
  return { terms, writeGapMs, gapEndMs };
}

function sumOf(maps: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const sum = new Map<string, number>();
  for (const [name, count] of maps.flatMap((map) => [...map])) {
    sum.set(name, (sum.get(name) ?? 0) + count);
  }
  return sum;
}
