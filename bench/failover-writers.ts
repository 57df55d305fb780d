/**
 * Writers that keep trying: each writes one node again and again on one server, and goes on to the
 * next server of its list, with a fresh session, whenever a write fails, takes too long, or the
 * connection is lost. They notice when writes work again after a moment that the caller names, and
 * that no acknowledged write is missing then.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "./load-run.ts";
import { RawConnection } from "./raw-connection.ts";
import { NODE_EXISTS, encodeCreate, encodeSetData } from "./raw-frames.ts";

/** How long one attempt (opening a session, or one write) may take. */
const ATTEMPT_TIMEOUT_MS = 250;
const RETRY_MS = 20;
const SESSION_TIMEOUT_MS = 4_000;
const WRITER_COUNT = 4;
const PATH = "/ensemble-failover";
const VALUE = Buffer.alloc(100, "failover");

/** Where the version stands in the Stat of a setData reply. */
const VERSION_OFFSET = 32;

/** A group of writers on one node. */
export class FailoverWriters {
  readonly #addresses: readonly Address[];
  readonly #loops: Promise<void>[] = [];
  #stopping = false;
  /** Highest version of the node that an acknowledged write has produced. */
  #versionMax = -1;
  #longestPauseMs = 0;
  /** Writes sent from then on count as "after". */
  #afterMs = Infinity;
  #onFirstAfter: (version: number) => void = () => undefined;

  /** Starts writing to these servers, which must serve now. */
  static async start(addresses: readonly Address[]): Promise<FailoverWriters> {
    const writers = new FailoverWriters(addresses);
    const connection = await openSession(addresses[0] as Address, 10_000);
    const { errorCode } = await connection.request(encodeCreate(1, PATH, VALUE));
    if (errorCode !== 0 && errorCode !== NODE_EXISTS) {
      throw new Error(`Cannot create ${PATH}: error code ${errorCode}`);
    }
    await connection.close();
    for (let index = 0; index < WRITER_COUNT; index += 1) {
      writers.#loops.push(writers.#writeForever(index));
    }
    return writers;
  }

  private constructor(addresses: readonly Address[]) {
    this.#addresses = addresses;
  }

  /**
   * Resolves at the first acknowledgement of a write that was sent after this call.
   * @throws Error when none comes in `timeoutMs`, or when it shows that a write acknowledged
   * before has been lost.
   */
  async waitForNextWrite(timeoutMs: number): Promise<void> {
    const versionBefore = this.#versionMax;
    const first = new Promise<number>((resolve) => {
      this.#onFirstAfter = resolve;
    });
    this.#afterMs = performance.now();
    const timeout = sleep(timeoutMs, undefined, { ref: false });
    const version = await Promise.race([first, timeout]);
    this.#afterMs = Infinity;
    if (version === undefined) {
      throw new Error(`No write succeeded in ${timeoutMs} ms`);
    }
    if (version <= versionBefore) {
      throw new Error(
        `Acknowledged writes were lost: version ${versionBefore} before, ${version} now`,
      );
    }
  }

  /** The longest time since the last call between two acknowledged writes of one writer, in ms. */
  takeLongestPause(): number {
    const longestMs = this.#longestPauseMs;
    this.#longestPauseMs = 0;
    return longestMs;
  }

  /** Ends all writers. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#loops);
  }

  async #writeForever(firstIndex: number): Promise<void> {
    const writer = { lastAckMs: performance.now() };
    for (let attempt = firstIndex; !this.#stopping; attempt += 1) {
      const address = this.#addresses[attempt % this.#addresses.length] as Address;
      let connection: RawConnection | undefined;
      try {
        connection = await openSession(address, ATTEMPT_TIMEOUT_MS);
        await this.#writeWhilePossible(connection, writer);
        await connection.close();
      } catch {
        // Any failure means the same to a writer: try the next server.
        connection?.destroy();
        await sleep(RETRY_MS);
      }
    }
  }

  async #writeWhilePossible(
    connection: RawConnection,
    writer: { lastAckMs: number },
  ): Promise<void> {
    for (let xid = 1; !this.#stopping; xid += 1) {
      const sentMs = performance.now();
      const version = await writeOnce(connection, xid);
      const nowMs = performance.now();
      this.#longestPauseMs = Math.max(this.#longestPauseMs, nowMs - writer.lastAckMs);
      writer.lastAckMs = nowMs;
      if (sentMs > this.#afterMs) {
        this.#onFirstAfter(version);
      }
      this.#versionMax = Math.max(this.#versionMax, version);
    }
  }
}

/** One write; resolves with the node's new version. */
async function writeOnce(connection: RawConnection, xid: number): Promise<number> {
  const timer = setTimeout(() => {
    connection.destroy();
  }, ATTEMPT_TIMEOUT_MS);
  try {
    const { errorCode, body } = await connection.request(encodeSetData(xid, PATH, VALUE));
    if (errorCode !== 0) {
      throw new Error(`Write failed with error code ${errorCode}`);
    }
    return body.readInt32BE(VERSION_OFFSET);
  } finally {
    clearTimeout(timer);
  }
}

function openSession(address: Address, openTimeoutMs: number): Promise<RawConnection> {
  return RawConnection.open({ ...address, sessionTimeoutMs: SESSION_TIMEOUT_MS, openTimeoutMs });
}
