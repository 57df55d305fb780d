/**
 * The replicated state of the simulation: a chain of applied transactions. A node of the chain is
 * immutable and knows its predecessor, so that a state is one node, a snapshot is the same node,
 * and two states are equal exactly when count and hash are.
 */
import type { HistoryEntry } from "../../src/zab/index.ts";
import { formatHex, zxidCounter, zxidEpoch } from "../../src/wire/index.ts";
import { Violation } from "./violation.ts";

/** One applied transaction on top of all that precede it. */
export interface ChainNode {
  readonly previous: ChainNode | undefined;
  /** Number of transactions up to and including this one. */
  readonly count: number;
  readonly zxid: bigint;
  readonly payload: Buffer;
  /** Depends on the payloads of the whole chain. */
  readonly hash: number;
}

/** The state of an empty database. */
export const emptyChain: ChainNode = {
  previous: undefined,
  count: 0,
  zxid: 0n,
  payload: Buffer.alloc(0),
  hash: 0x811c9dc5,
};

/**
 * What a server holds. After a fuzzy snapshot `node` may run ahead of `label`, the zxid that the
 * server knows it has: the transactions between them come again and must be the same.
 */
export interface State {
  readonly node: ChainNode;
  readonly label: bigint;
}

export const emptyState: State = { node: emptyChain, label: 0n };

/** FNV-1a over the payload, continued from the predecessor. */
function hashOn(hash: number, payload: Buffer): number {
  let mixed = hash;
  for (const byte of payload) mixed = Math.imul(mixed ^ byte, 0x01000193);
  return mixed >>> 0;
}

/** The newest node of the chain whose zxid is at most `zxid`. */
export function nodeAt(node: ChainNode, zxid: bigint): ChainNode {
  let found = node;
  while (found.zxid > zxid && found.previous !== undefined) found = found.previous;
  return found;
}

/** The chain as far as the server knows that it has it. */
export function labelled(state: State): ChainNode {
  return nodeAt(state.node, state.label);
}

export function isSame(a: ChainNode, b: ChainNode): boolean {
  return a.count === b.count && a.zxid === b.zxid && a.hash === b.hash;
}

/** Whether `node` is part of the chain that ends at `tip`. */
export function contains(tip: ChainNode, node: ChainNode): boolean {
  return isSame(nodeAt(tip, node.zxid), node);
}

/** Applies one transaction; `where` is for the message when it cannot follow. */
export function applyEntry(state: State, entry: HistoryEntry, where: string): State {
  const { node, label } = state;
  const { zxid, payload } = entry;
  const isNext = zxid === label + 1n ? zxidCounter(zxid) !== 0 : zxidEpoch(zxid) > zxidEpoch(label);
  if (!isNext || (zxid !== label + 1n && zxidCounter(zxid) !== 1)) {
    const text = `${where}: ${formatHex(zxid)} comes after ${formatHex(label)}`;
    throw new Violation("no gap, no duplicate", text);
  }
  if (zxid > node.zxid) {
    const count = node.count + 1;
    const next = { previous: node, count, zxid, payload, hash: hashOn(node.hash, payload) };
    return { node: next, label: zxid };
  }
  const known = nodeAt(node, zxid);
  if (known.zxid !== zxid || !known.payload.equals(payload)) {
    const text = `${where}: the snapshot held another transaction than ${formatHex(zxid)}`;
    throw new Violation("snapshots hold committed transactions", text);
  }
  return { node, label: zxid };
}

/** Entries of the chain above `from`, oldest first, up to the state's label. */
export function entriesAbove(state: State, from: bigint): HistoryEntry[] {
  const entries: HistoryEntry[] = [];
  let node: ChainNode | undefined = labelled(state);
  for (; node !== undefined && node.zxid > from; node = node.previous) {
    entries.push({ zxid: node.zxid, payload: node.payload });
  }
  return entries.reverse();
}
