/**
 * A well-behaved client beside whatever else happens to its server: it writes and reads at a steady
 * pace, notes how long each takes, and notices when it loses anything.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CreateMode, ErrorCode, JuteReader, OpCode, readStat } from "../../../src/wire/index.ts";
import type { JuteWriter } from "../../../src/wire/index.ts";
import { RawClient, body } from "./raw-client.ts";

const PAUSE_MS = 4;

export class Bystander {
  readonly #client: RawClient;
  readonly #path: string;
  readonly #sessionId: bigint;
  #xid = 2;
  #version = 0;
  #latenciesMs: number[] = [];
  #isStopped = false;
  #work: Promise<void> = Promise.resolve();

  private constructor(client: RawClient, sessionId: bigint) {
    this.#client = client;
    this.#sessionId = sessionId;
    this.#path = `/bystander-${sessionId.toString(16)}`;
  }

  /** Opens a session with an ephemeral node, and begins to work. */
  static async start(port: number): Promise<Bystander> {
    const { client, session } = await RawClient.open(port);
    const bystander = new Bystander(client, session.sessionId);
    const create = body.create(bystander.#path, "", CreateMode.ephemeral);
    const { err } = await client.call(1, OpCode.create, create);
    if (err !== ErrorCode.ok) throw new Error(`Cannot create '${bystander.#path}': ${err}`);
    bystander.#work = bystander.#run();
    // Whoever stops it hears of a failure.
    bystander.#work.catch(() => undefined);
    return bystander;
  }

  /** How long each request since the last call took. */
  takeLatenciesMs(): number[] {
    const latenciesMs = this.#latenciesMs;
    this.#latenciesMs = [];
    return latenciesMs;
  }

  /**
   * Ends the session.
   * @throws Error when a request failed, a write was lost, or the ephemeral node is not its own.
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#work;
    await this.#client.call(0, OpCode.closeSession);
    await this.#client.destroy();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const write = body.setData(this.#path, "x", this.#version);
      await this.#timed(OpCode.setData, write);
      this.#version += 1;
      const reply = await this.#timed(OpCode.exists, body.read(this.#path));
      const { version, ephemeralOwner } = readStat(new JuteReader(reply));
      if (version !== this.#version || ephemeralOwner !== this.#sessionId) {
        throw new Error(`'${this.#path}' has version ${version} instead of ${this.#version}`);
      }
      await sleep(PAUSE_MS);
    }
  }

  async #timed(type: number, write: (writer: JuteWriter) => void): Promise<Buffer> {
    const startedMs = performance.now();
    const reply = await this.#client.call(this.#xid, type, write);
    this.#xid += 1;
    this.#latenciesMs.push(performance.now() - startedMs);
    if (reply.err !== ErrorCode.ok) throw new Error(`Request ${type} failed: ${reply.err}`);
    return reply.body;
  }
}

/** The 99th percentile; 0 of none. */
export function p99Of(latenciesMs: readonly number[]): number {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? 0;
}
