/**
 * What clients ask for: sets and reads of a few registers that all of them use at a time, so that
 * they meet; sequential nodes below one parent; and one ephemeral node for each session. Registers
 * change every few seconds, which keeps the history of each one short enough to be searched.
 */
import { randomInt } from "../../../src/base/index.ts";
import type { Random } from "../../../src/base/index.ts";
import type { Asked, History } from "../../history/operation.ts";

const REGISTER_MS = 4000;
const REGISTERS = 3;
const CLOSE_CHANCE = 0.005;
/** Chance that a batch only reads: nothing in it has to wait for a quorum, but its syncs. */
const READING_CHANCE = 0.4;
const queuePrefix = "/queue/n-";

const plain: Asked = {
  kind: "get",
  path: "",
  value: "",
  version: -1,
  isSynced: false,
  hasWatch: false,
};

/** The parents, and all registers that a run of this length uses. */
export function pathsToMake(durationMs: number): string[] {
  const count = (Math.ceil(durationMs / REGISTER_MS) + 1) * REGISTERS;
  const registers = Array.from({ length: count }, (_, index) => `/registers/${index}`);
  return ["/queue", "/ephemerals", "/registers", ...registers];
}

export class Workload {
  readonly #random: Random;
  readonly #history: History;
  readonly #registerCount: number;
  readonly #startedMs = performance.now();
  #valueCount = 0;
  /** Ephemeral nodes by their sessions. */
  readonly #ephemerals = new Map<bigint, string>();
  #ephemeralCount = 0;
  /** Operations that were looked at for them. */
  #seenCount = 0;

  constructor(random: Random, history: History, durationMs: number) {
    this.#random = random;
    this.#history = history;
    this.#registerCount = pathsToMake(durationMs).length - 3;
  }

  /** What a session asks for first. */
  opening(): Asked[] {
    const path = `/ephemerals/${this.#ephemeralCount++}`;
    return [{ ...plain, kind: "createEphemeral", path, value: this.#value() }];
  }

  /** What a session asks for next, all at once. */
  batch(session: bigint): Asked[] {
    if (this.#random.next() < CLOSE_CHANCE) return [{ ...plain, kind: "close" }];
    this.#noteEphemerals();
    const [from, to] = this.#random.next() < READING_CHANCE ? [0.5, 1] : [0, 1];
    return Array.from({ length: randomInt(this.#random, 1, 8) }, () =>
      this.#one(session, from + (to - from) * this.#random.next()),
    );
  }

  /** What keeps a session alive and changes nothing. */
  rest(session: bigint): Asked[] {
    this.#noteEphemerals();
    return [{ ...plain, path: this.#ephemerals.get(session) ?? "/ephemerals", isSynced: true }];
  }

  /** The request at `chance` of all that there are: first the writes, from 0.5 on the reads. */
  #one(session: bigint, chance: number): Asked {
    const register = this.#register();
    if (chance < 0.25) return { ...plain, kind: "set", path: register, value: this.#value() };
    if (chance < 0.4) {
      const version = this.#versionOf(register);
      return { ...plain, kind: "set", path: register, value: this.#value(), version };
    }
    if (chance < 0.5) {
      return { ...plain, kind: "createSequential", path: queuePrefix, value: this.#value() };
    }
    if (chance < 0.7) return { ...plain, path: register, isSynced: true };
    if (chance < 0.85) return { ...plain, path: register, hasWatch: true };
    return { ...plain, path: this.#ephemeralToRead(session), isSynced: chance < 0.95 };
  }

  #register(): string {
    const now = performance.now() - this.#startedMs;
    const first = Math.floor(now / REGISTER_MS) * REGISTERS;
    const index = first + randomInt(this.#random, 0, REGISTERS);
    return `/registers/${Math.min(index, this.#registerCount - 1)}`;
  }

  /** The newest version that anybody was told of: right as often as not. */
  #versionOf(path: string): number {
    const { operations } = this.#history;
    for (let index = operations.length - 1; index > operations.length - 100; index--) {
      const { path: other, madeVersion, found } = operations[index] ?? {};
      const version = madeVersion ?? found?.version;
      if (other === path && version !== undefined) return version;
    }
    return 0;
  }

  /** The session's own node, or one of a session that is over. */
  #ephemeralToRead(session: bigint): string {
    const { ends } = this.#history;
    const own = this.#ephemerals.get(session);
    const over = ends[randomInt(this.#random, 0, Math.max(1, ends.length))];
    const other = over === undefined ? undefined : this.#ephemerals.get(over.session);
    return (this.#random.next() < 0.5 ? own : other) ?? own ?? "/ephemerals/none";
  }

  #noteEphemerals(): void {
    const { operations } = this.#history;
    for (; this.#seenCount < operations.length; this.#seenCount++) {
      const { kind, session, path } = operations[this.#seenCount] ?? {};
      if (kind === "createEphemeral" && session !== undefined) {
        this.#ephemerals.set(session, path ?? "");
      }
    }
  }

  #value(): string {
    this.#valueCount += 1;
    return `value-${this.#valueCount}`;
  }
}
