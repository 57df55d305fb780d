/**
 * A client that writes down everything it asks for and is told, as seen on its connection: batches
 * of pipelined requests, on one server after the other, with one session for as long as it lives.
 * It never repeats a request, and leaves it to others to judge what it was told.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { randomInt } from "../../../src/base/index.ts";
import type { Random } from "../../../src/base/index.ts";
import {
  CreateMode,
  ErrorCode,
  JuteReader,
  OpCode,
  Xid,
  errorCodeName,
  readStat,
} from "../../../src/wire/index.ts";
import type { Asked, History, Operation } from "../../history/operation.ts";
import {
  RawClient,
  body,
  connectRequest,
  eventOf,
  pathOf,
  request,
} from "../support/raw-client.ts";
import type { RawReply } from "../support/raw-client.ts";
import type { Workload } from "./workload.ts";

const SESSION_TIMEOUT_MS = 6000;
const ANSWER_TIMEOUT_MS = 3000;
const RETRY_MS = 50;
const [pauseMsMin, pauseMsMax] = [30, 150];
/** Chance that a session is left to expire, before each batch. */
const VANISH_CHANCE = 0.003;
/** Chance that a client goes to another server, and how long it stays away at most. */
const MOVE_CHANCE = 0.03;
const awayMsMax = 600;

/** What may be refused by the rules of the tree; anything else is no answer to the request. */
const refusals: readonly number[] = [ErrorCode.noNode, ErrorCode.badVersion, ErrorCode.nodeExists];

export interface ClientOptions {
  readonly random: Random;
  readonly history: History;
  readonly workload: Workload;
  readonly hosts: readonly string[];
  readonly port: number;
}

interface Session {
  readonly id: bigint;
  readonly password: Buffer;
  /** Numbers requests and what is told, over all connections. */
  sentCount: number;
  toldCount: number;
  lastZxid: bigint;
  /** Watches that were left and have not told yet. */
  readonly watches: Set<string>;
}

export class RecordingClient {
  readonly #options: ClientOptions;
  #session: Session | undefined;
  #connection: RawClient | undefined;
  #xid = 0;
  #mode: "works" | "rests" | "ends" = "works";
  /** Sessions that it left without closing them, to expire. */
  readonly vanished: bigint[] = [];
  /** Codes that say nothing about the request, by name, with their counts. */
  readonly otherErrors = new Map<string, number>();

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** From now on it writes nothing and keeps its session alive. */
  rest(): void {
    this.#mode = "rests";
  }

  end(): void {
    this.#mode = "ends";
  }

  /** Goes on until `end`. Rejects when a reply breaks the protocol. */
  async run(): Promise<void> {
    const { random } = this.#options;
    while (this.#mode !== "ends") {
      const connection = this.#connection ?? (await this.#connect());
      if (connection === undefined) {
        await sleep(RETRY_MS);
        continue;
      }
      await this.#batch(connection);
      await sleep(randomInt(random, pauseMsMin, pauseMsMax));
    }
    await this.#leave();
  }

  /** Drops the connection without a word. */
  async #leave(): Promise<void> {
    await this.#connection?.destroy();
    this.#connection = undefined;
  }

  async #connect(): Promise<RawClient | undefined> {
    const { hosts, port, random, workload } = this.#options;
    if (this.#mode === "rests" && this.#session === undefined) return undefined;
    const host = hosts[randomInt(random, 0, hosts.length)] ?? "";
    try {
      this.#connection = await RawClient.dial(port, host, ANSWER_TIMEOUT_MS);
      await inTime(this.#connection, () => this.#openSession(this.#connection));
    } catch {
      // Nobody there, nobody who serves, or too late: the next one may be better.
      await this.#leave();
    }
    const session = this.#session;
    if (this.#connection === undefined || session === undefined) return undefined;
    if (session.sentCount === 0) await this.#ask(this.#connection, workload.opening());
    return this.#connection;
  }

  async #openSession(connection: RawClient | undefined): Promise<void> {
    if (connection === undefined) return;
    const before = this.#session;
    const wanted = { timeoutMs: SESSION_TIMEOUT_MS };
    const again = { sessionId: before?.id ?? 0n, lastZxidSeen: before?.lastZxid ?? 0n };
    const password = before === undefined ? {} : { password: before.password };
    connection.write(connectRequest({ ...wanted, ...again, ...password }));
    const { sessionId, password: given, timeoutMs } = await connection.connectResponse();
    if (timeoutMs <= 0 || sessionId === 0n) {
      this.#endSession();
      await this.#leave();
    } else if (before === undefined) {
      const counts = { sentCount: 0, toldCount: 0, lastZxid: 0n };
      this.#session = { id: sessionId, password: given, ...counts, watches: new Set() };
    } else if (before.watches.size > 0) {
      const watches = { dataWatches: [...before.watches], relativeZxid: before.lastZxid };
      connection.write(request(Xid.setWatches, OpCode.setWatches, body.setWatches(watches)));
    }
  }

  async #batch(connection: RawClient): Promise<void> {
    const { random, workload } = this.#options;
    const session = this.#session?.id ?? 0n;
    if (this.#mode === "works" && random.next() < VANISH_CHANCE) {
      this.vanished.push(session);
      this.#session = undefined;
      await this.#leave();
      return;
    }
    const isWorking = this.#mode === "works";
    if (isWorking && random.next() < MOVE_CHANCE) {
      await this.#leave();
      await sleep(randomInt(random, 0, awayMsMax));
      return;
    }
    await this.#ask(connection, isWorking ? workload.batch(session) : workload.rest(session));
  }

  async #ask(connection: RawClient, asked: readonly Asked[]): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    const waiting = new Map<number, Operation>();
    const frames = asked.flatMap((one) => {
      const sync = one.isSynced ? [request(++this.#xid, OpCode.sync, body.path(one.path))] : [];
      const operation = this.#begin(session, one);
      waiting.set(++this.#xid, operation);
      return [...sync, frameOf(this.#xid, one)];
    });
    connection.write(Buffer.concat(frames));
    try {
      await inTime(connection, async () => {
        while (waiting.size > 0) this.#take(session, await connection.next(), waiting);
      });
    } catch (error) {
      await this.#leave();
      // An end of the connection is an everyday event here; bytes that make no sense are not.
      if (!(error instanceof Error) || error.name !== "Error") throw error;
    }
    const last = asked.at(-1);
    if (last?.kind !== "close" || waiting.size > 0) return;
    this.#endSession();
    await this.#leave();
  }

  #begin(session: Session, asked: Asked): Operation {
    const operation: Operation = {
      ...asked,
      session: session.id,
      index: session.sentCount++,
      invokedMs: performance.now(),
      returnedMs: Infinity,
      outcome: "unknown",
      arrival: Infinity,
      zxid: 0n,
      error: 0,
    };
    this.#options.history.operations.push(operation);
    return operation;
  }

  #take(session: Session, reply: RawReply, waiting: Map<number, Operation>): void {
    const event = eventOf(reply);
    const arrival = session.toldCount++;
    if (event !== undefined) {
      const { path } = event;
      session.watches.delete(path);
      this.#options.history.events.push({ session: session.id, path, arrival });
      return;
    }
    const operation = waiting.get(reply.xid);
    if (operation === undefined) return;
    waiting.delete(reply.xid);
    if (reply.err !== 0 && !refusals.includes(reply.err)) {
      const name = errorCodeName(reply.err);
      this.otherErrors.set(name, (this.otherErrors.get(name) ?? 0) + 1);
      return;
    }
    operation.returnedMs = performance.now();
    operation.arrival = arrival;
    operation.zxid = reply.zxid;
    operation.error = reply.err;
    operation.outcome = reply.err === 0 ? "ok" : "refused";
    if (reply.zxid > session.lastZxid) session.lastZxid = reply.zxid;
    if (reply.err === 0) noteResult(operation, reply);
    if (operation.hasWatch && reply.err === 0) session.watches.add(operation.path);
  }

  #endSession(): void {
    if (this.#session === undefined) return;
    const { id: session } = this.#session;
    this.#options.history.ends.push({ session, knownMs: performance.now() });
    this.#session = undefined;
  }
}

/** Ends the connection when `work` takes too long, which ends `work`. */
async function inTime(connection: RawClient, work: () => Promise<void>): Promise<void> {
  const timer = setTimeout(() => void connection.destroy(), ANSWER_TIMEOUT_MS);
  try {
    await work();
  } finally {
    clearTimeout(timer);
  }
}

function frameOf(xid: number, { kind, path, value, version, hasWatch }: Asked): Buffer {
  switch (kind) {
    case "create":
      return request(xid, OpCode.create, body.create(path, value));
    case "createEphemeral":
      return request(xid, OpCode.create, body.create(path, value, CreateMode.ephemeral));
    case "createSequential":
      return request(xid, OpCode.create, body.create(path, value, CreateMode.persistentSequential));
    case "set":
      return request(xid, OpCode.setData, body.setData(path, value, version));
    case "get":
      return request(xid, OpCode.getData, body.read(path, hasWatch));
    case "close":
      return request(xid, OpCode.closeSession);
  }
}

function noteResult(operation: Operation, reply: RawReply): void {
  const reader = new JuteReader(reply.body);
  switch (operation.kind) {
    case "set":
      operation.madeVersion = readStat(reader).version;
      return;
    case "get": {
      const value = reader.readBuffer()?.toString() ?? "";
      const { version, czxid, mzxid, ephemeralOwner } = readStat(reader);
      operation.found = { value, version, czxid, mzxid, ephemeralOwner };
      return;
    }
    case "close":
      return;
    default:
      operation.madePath = pathOf(reply);
  }
}
