/**
 * What clients did and were told, as they saw it from outside: the material of all checks in this
 * folder. One clock (of the process that runs the clients) stamps all times. A value that is
 * written is unique in its history, so that what is read says which write made it.
 */

/** The node as a read found it. */
export interface Found {
  readonly value: string;
  readonly version: number;
  readonly czxid: bigint;
  readonly mzxid: bigint;
  readonly ephemeralOwner: bigint;
}

/** What a client asks for. */
export interface Asked {
  /**
   * `close` ends the session; its path is empty. The path of `createSequential` is the one that was
   * asked for, without the number.
   */
  readonly kind: "create" | "createEphemeral" | "createSequential" | "set" | "get" | "close";
  readonly path: string;
  /** What is written; empty for a `get` and a `close`. */
  readonly value: string;
  /** For a `set`, the version that the node must have; -1 for any. */
  readonly version: number;
  /** For a `get`: it was sent behind a sync, so that it must not be stale. */
  readonly isSynced: boolean;
  /** For a `get`: it leaves a watch. */
  readonly hasWatch: boolean;
}

/** One request and what became of it. */
export interface Operation extends Asked {
  readonly session: bigint;
  /** Orders the requests of a session as they were sent. */
  readonly index: number;
  readonly invokedMs: number;
  /** Infinity when no reply came. */
  returnedMs: number;
  /** Without a reply it may have been done, once, at any time since it was sent, or never. */
  outcome: "ok" | "refused" | "unknown";
  /** Orders what a session's client was told: replies and events. Infinity without a reply. */
  arrival: number;
  /** Of the reply: for a write its own place in the history, for a read how far its server is. */
  zxid: bigint;
  /** The code of the refusal; 0 when there was none. */
  error: number;
  /** For a `get` that found its node. */
  found?: Found;
  /** For a `set`, the version it made. */
  madeVersion?: number;
  /** For a create, the path that was made. */
  madePath?: string;
}

/** A watch told a client that the data of `path` has changed. */
export interface WatchEvent {
  readonly session: bigint;
  readonly path: string;
  readonly arrival: number;
}

/** When a session was known to be over: its closing was acknowledged, or it was refused. */
export interface SessionEnd {
  readonly session: bigint;
  readonly knownMs: number;
}

export interface History {
  readonly operations: Operation[];
  readonly events: WatchEvent[];
  readonly ends: SessionEnd[];
}

/** How an operation is called in the sentence about what is wrong with it. */
export function show(operation: Operation): string {
  const { kind, path, value, session, index } = operation;
  const what = value === "" ? "" : ` "${value}"`;
  return `${kind} ${path}${what} (session ${session.toString(16)}, request ${index})`;
}

/** The writes that were acknowledged, in the order of their zxids. */
export function acknowledgedWrites(operations: readonly Operation[]): Operation[] {
  return operations
    .filter(({ kind, outcome }) => kind !== "get" && outcome === "ok")
    .sort((one, other) => compare(one.zxid, other.zxid));
}

/** For sorting by what `<` orders. */
export function compare<T extends bigint | number>(one: T, other: T): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Index of the first of `sorted` that `isBeyond`; its length when none is. */
export function firstIndex<T>(sorted: readonly T[], isBeyond: (item: T) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBeyond(sorted[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
