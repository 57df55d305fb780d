/**
 * The pulse of an ensemble: sessions that write one after the other, all the time, and one that
 * reads. It tells for how long nobody, and for how long the unluckiest session, got a write
 * acknowledged; that no read is older than a write that was acknowledged before the read began; and
 * that no session expired.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { EnsembleClient } from "../../../src/client/index.ts";
import type { ClientOptions } from "../../../src/client/index.ts";
import { clusterTransport } from "./cluster-transport.ts";

const SESSIONS = 4;
const PAUSE_MS = 5;

/** A pause between two acknowledged writes that counts as a gap: far above what a write takes. */
const GAP_MS = 200;

const OPTIONS: ClientOptions = {
  transport: clusterTransport,
  sessionTimeoutMs: 10_000,
  firstConnectTimeoutMs: 20_000,
};

/** What happened to writes in a stretch of time. */
export interface Gaps {
  readonly longestMs: number;
  /** Of all gaps of the ensemble together. */
  readonly totalMs: number;
  /** The longest that a single session waited. */
  readonly sessionMs: number;
  /** Writes left without an answer. */
  readonly unanswered: number;
}

/** Sessions at work on one ensemble. */
export class Pulse {
  readonly #runs: Promise<void>[] = [];
  /** When a write of each session was acknowledged last, and of any. */
  readonly #lastMs: number[];
  #anyLastMs = performance.now();
  #longestMs = 0;
  #totalMs = 0;
  #sessionMs = 0;
  #unanswered = 0;
  #isStopping = false;
  /** The highest version that a session was told of its own node. */
  readonly #versions: number[];
  readonly #problems: string[] = [];

  private constructor(clients: readonly EnsembleClient[], root: string) {
    this.#lastMs = clients.map(() => performance.now());
    this.#versions = clients.map(() => 0);
    clients.forEach((client, index) => {
      client.onState((state) => {
        if (state === "expired" && !this.#isStopping) this.#problems.push("A session expired");
      });
      this.#runs.push(this.#write(client, index, root));
    });
  }

  /** Makes `root` and begins. */
  static async start(connectString: string, root: string): Promise<Pulse> {
    const opening = Array.from({ length: SESSIONS }, () =>
      EnsembleClient.connect(connectString, OPTIONS),
    );
    const clients = await Promise.all(opening);
    await clients[0]?.create(root);
    for (const index of clients.keys()) await clients[0]?.create(`${root}/${index}`);
    const pulse = new Pulse(clients, root);
    const reader = await EnsembleClient.connect(connectString, OPTIONS);
    pulse.#runs.push(pulse.#read(reader, root));
    return pulse;
  }

  /** What happened since the last call. */
  take(): Gaps {
    const nowMs = performance.now();
    this.#note(nowMs);
    for (const lastMs of this.#lastMs) {
      this.#sessionMs = Math.max(this.#sessionMs, nowMs - lastMs);
    }
    const gaps = {
      longestMs: this.#longestMs,
      totalMs: this.#totalMs,
      sessionMs: this.#sessionMs,
      unanswered: this.#unanswered,
    };
    this.#longestMs = this.#totalMs = this.#sessionMs = this.#unanswered = 0;
    return gaps;
  }

  /** Ends it; what was wrong, as sentences. */
  async stop(): Promise<readonly string[]> {
    this.#isStopping = true;
    await Promise.all(this.#runs);
    return this.#problems;
  }

  async #write(client: EnsembleClient, index: number, root: string): Promise<void> {
    while (!this.#isStopping && client.state !== "expired") {
      try {
        const { version } = await client.setData(`${root}/${index}`, "pulse");
        const nowMs = performance.now();
        this.#note(nowMs);
        const lastMs = this.#lastMs[index] ?? nowMs;
        this.#sessionMs = Math.max(this.#sessionMs, nowMs - lastMs);
        this.#lastMs[index] = nowMs;
        this.#versions[index] = version;
      } catch {
        this.#unanswered += 1;
      }
      await sleep(PAUSE_MS);
    }
    await client.close();
  }

  async #read(client: EnsembleClient, root: string): Promise<void> {
    while (!this.#isStopping && client.state !== "expired") {
      const before = [...this.#versions];
      try {
        await client.sync(root);
        for (const [index, expected] of before.entries()) {
          const { stat } = await client.getData(`${root}/${index}`);
          if (stat.version >= expected) continue;
          this.#problems.push(`Read version ${stat.version} after ${expected} was acknowledged`);
        }
      } catch {
        // A read without an answer says nothing.
      }
      await sleep(PAUSE_MS);
    }
    await client.close();
  }

  /** Notes a moment at which writes work, for the gap that it may end. */
  #note(nowMs: number): void {
    const gapMs = nowMs - this.#anyLastMs;
    this.#longestMs = Math.max(this.#longestMs, gapMs);
    if (gapMs > GAP_MS) this.#totalMs += gapMs;
    this.#anyLastMs = nowMs;
  }
}
