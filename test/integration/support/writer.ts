/**
 * One writing session that keeps a history of what it did: batches of pipelined writes of all
 * kinds, over and over, through every loss of its connection. It never repeats a write, so that a
 * write that is there twice was applied twice.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { EnsembleClient, ZkError } from "../../../src/client/index.ts";
import type { ClientOptions, Stat } from "../../../src/client/index.ts";
import { multiCounter, multiPartner } from "./write-history.ts";
import type { WriteRecord } from "./write-history.ts";

/** Writes of one kind that a batch makes. */
const perBatch = 3;
/** Pause between batches: the history grows with what happens, not with the speed of a machine. */
const pauseMs = 40;

/** Makes a node of which it does not matter who made it, however often the connection is lost. */
export async function makeNode(client: EnsembleClient, path: string): Promise<void> {
  for (;;) {
    try {
      await client.create(path);
      return;
    } catch (error) {
      const { code } = ZkError.from(error);
      if (code === "nodeExists") return;
      if (code !== "connectionLoss") throw error;
    }
  }
}

export class Writer {
  readonly history: WriteRecord[] = [];
  readonly #client: EnsembleClient;
  /** The node that holds what this writer makes; its name in the history. */
  readonly #home: string;
  /** The parent of everybody's sequential nodes. */
  readonly #queue: string;
  /** Version of the node that is set with version checks; unknown after a lost reply. */
  #version: number | undefined = 0;
  #isStopping = false;

  private constructor(client: EnsembleClient, home: string, queue: string) {
    this.#client = client;
    this.#home = home;
    this.#queue = queue;
  }

  /** Opens a session and makes the writer's own nodes; `queue` must exist. */
  static async open(
    connectString: string,
    home: string,
    queue: string,
    options: ClientOptions = {},
  ): Promise<Writer> {
    const own = { sessionTimeoutMs: 10_000, firstConnectTimeoutMs: 20_000 };
    const client = await EnsembleClient.connect(connectString, { ...own, ...options });
    await makeNode(client, home);
    await Promise.all(
      ["/unique", "/multi", "/blind", "/versioned", "/multi-count"].map((name) =>
        makeNode(client, home + name),
      ),
    );
    return new Writer(client, home, queue);
  }

  get acknowledgedCount(): number {
    return this.history.filter(({ outcome }) => outcome === "acknowledged").length;
  }

  /** Writes until `stop` is called. Rejects when an answer is none that the protocol allows. */
  async run(): Promise<void> {
    while (!this.#isStopping) {
      await this.#findVersion();
      await this.#batch();
      await sleep(pauseMs);
    }
  }

  stop(): void {
    this.#isStopping = true;
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #batch(): Promise<void> {
    const calls: Promise<void>[] = [];
    for (let round = 0; round < perBatch; round++) {
      calls.push(
        this.#create("unique", `${this.#home}/unique`),
        this.#create("sequential", this.#queue),
        this.#set("blindSet", `${this.#home}/blind`, -1),
        this.#multi(),
      );
      if (this.#version === undefined) continue;
      calls.push(this.#set("versionedSet", `${this.#home}/versioned`, this.#version + round));
    }
    const first = this.history.length - calls.length;
    await Promise.all(calls);
    const sets = this.history.slice(first).filter(({ kind }) => kind === "versionedSet");
    this.#noteVersions(sets);
  }

  /** A set may only be refused when the one before it was left without an answer. */
  #noteVersions(sets: readonly WriteRecord[]): void {
    let isCertain = true;
    for (const { outcome, token } of sets) {
      if (outcome === "unknown") isCertain = false;
      if (outcome === "refused" && isCertain) throw new Error(`${token} was refused its version`);
    }
    if (this.#version === undefined) return;
    this.#version = isCertain ? this.#version + sets.length : undefined;
  }

  /** After the sync, nothing that was sent before is still under way. */
  async #findVersion(): Promise<void> {
    if (this.#version !== undefined) return;
    try {
      const [, { stat }] = await Promise.all([
        this.#client.sync("/"),
        this.#client.getData(`${this.#home}/versioned`),
      ]);
      this.#version = stat.version;
    } catch (error) {
      if (ZkError.from(error).code !== "connectionLoss") throw error;
    }
  }

  async #create(kind: "unique" | "sequential", parent: string): Promise<void> {
    const isUnique = kind === "unique";
    const record = this.#begin(kind, parent);
    const path = isUnique ? `${parent}/${record.index}` : `${parent}/n-`;
    const mode = isUnique ? "persistent" : "persistentSequential";
    await this.#finish(record, async () => {
      const made = await this.#client.createWithStat(path, record.token, { mode });
      return { path: made.path, zxid: made.stat.czxid, version: 0 };
    });
  }

  async #set(kind: "blindSet" | "versionedSet", path: string, version: number): Promise<void> {
    const record = this.#begin(kind, path);
    await this.#finish(record, async () => {
      const stat = await this.#client.setData(path, record.token, version);
      return { path, zxid: stat.mzxid, version: stat.version };
    });
  }

  async #multi(): Promise<void> {
    const path = `${this.#home}/multi/${this.history.length}`;
    const record = this.#begin("multi", path);
    const { token } = record;
    await this.#finish(record, async () => {
      const [first] = await this.#client.multi([
        { type: "create", path, data: token },
        { type: "setData", path: multiCounter(this.#home), data: token },
        { type: "create", path: multiPartner(path), data: token },
      ]);
      const { czxid } = (first as { stat: Stat }).stat;
      return { path, zxid: czxid, version: 0 };
    });
  }

  #begin(kind: WriteRecord["kind"], path: string): WriteRecord {
    const index = this.history.length;
    const token = `${this.#home}#${index}`;
    const asked = kind === "unique" ? `${path}/${index}` : path;
    const record: WriteRecord = {
      token,
      index,
      writer: this.#home,
      kind,
      path: asked,
      outcome: "unknown",
    };
    this.history.push(record);
    return record;
  }

  async #finish(
    record: WriteRecord,
    call: () => Promise<NonNullable<WriteRecord["acknowledged"]>>,
  ): Promise<void> {
    try {
      record.acknowledged = await call();
      record.outcome = "acknowledged";
    } catch (error) {
      const failure = ZkError.from(error);
      if (failure.outcomeUnknown || failure.code === "connectionLoss") return;
      record.outcome = "refused";
      if (record.kind === "versionedSet" && failure.code === "badVersion") return;
      throw error;
    }
  }
}
