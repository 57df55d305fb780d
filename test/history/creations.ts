/**
 * Nodes that are made once: sequential ones have one number each, and ephemeral ones are there as
 * long as their session, and no longer. Looks at what replies said and at the tree in the end.
 */
import { acknowledgedWrites, show } from "./operation.ts";
import type { History, Operation } from "./operation.ts";

/** A node of the tree in the end. */
export interface FinalNode {
  readonly value: string;
  readonly version: number;
  readonly mzxid: bigint;
  readonly ephemeralOwner: bigint;
}

/** All nodes by path, in the end. */
export type FinalTree = ReadonlyMap<string, FinalNode>;

/** Sequence numbers are given once and in the order of the writes, without gaps. */
export function* checkSequences(
  operations: readonly Operation[],
  tree: FinalTree,
): Iterable<string> {
  const asked = operations.filter(({ kind }) => kind === "createSequential");
  const numbers = new Map<string, number>();
  for (const write of acknowledgedWrites(asked)) {
    const number = Number((write.madePath ?? "").slice(write.path.length));
    if (number <= (numbers.get(write.path) ?? -1)) {
      yield `Number given twice or out of order: ${number} to ${show(write)}`;
    }
    numbers.set(write.path, number);
  }
  const bySource = new Map(asked.map((one) => [one.value, one]));
  for (const prefix of new Set(asked.map(({ path }) => path))) {
    const paths = [...tree.keys()].filter((path) => path.startsWith(prefix)).sort();
    yield* checkMadeOnce(paths, tree, bySource);
    const last = Number(paths.at(-1)?.slice(prefix.length) ?? -1);
    if (last !== paths.length - 1) {
      yield `Numbers left out: ${paths.length} nodes of ${prefix}, the last one ${last}`;
    }
  }
}

function* checkMadeOnce(
  paths: readonly string[],
  tree: FinalTree,
  asked: ReadonlyMap<string, Operation>,
): Iterable<string> {
  const seen = new Set<string>();
  for (const path of paths) {
    const value = tree.get(path)?.value ?? "";
    const source = asked.get(value);
    if (source === undefined || source.outcome === "refused") yield `From nowhere: ${path}`;
    if (seen.has(value)) yield `Done twice: "${value}", also as ${path}`;
    seen.add(value);
  }
}

/** What was acknowledged is in the tree in the end, whatever happened to servers meanwhile. */
export function* checkKept(operations: readonly Operation[], tree: FinalTree): Iterable<string> {
  for (const write of acknowledgedWrites(operations)) {
    const { kind, madeVersion = 0 } = write;
    if (kind === "close" || kind === "createEphemeral") continue;
    const node = tree.get(write.madePath ?? write.path);
    if (node === undefined) yield `Lost: ${show(write)}`;
    else if (node.version < madeVersion) yield `Lost: ${show(write)}, version is ${node.version}`;
    else if (node.version === madeVersion && node.value !== write.value) {
      yield `Changed: ${show(write)} is "${node.value}"`;
    }
  }
}

/** An ephemeral node goes with its session and not before; it does not come back. */
export function* checkEphemerals(history: History, tree: FinalTree): Iterable<string> {
  const { operations, ends } = history;
  const ended = new Map(ends.map(({ session, knownMs }) => [session, knownMs]));
  const made = acknowledgedWrites(operations).filter(({ kind }) => kind === "createEphemeral");
  const makers = new Map(made.map((write) => [write.path, write]));
  for (const read of operations) {
    if (read.kind !== "get" || read.outcome === "unknown") continue;
    const maker = makers.get(read.path);
    const owner = read.found?.ephemeralOwner ?? 0n;
    const endMs = ended.get(owner) ?? Infinity;
    if (read.isSynced && endMs < read.invokedMs) {
      yield `Outlived its session: ${read.path}, found by ${show(read)}`;
    }
    const isOwn = maker?.session === read.session && read.arrival > maker.arrival;
    if (isOwn && read.found === undefined) {
      yield `Gone before its session: ${show(maker)}, missed by ${show(read)}`;
    }
  }
  for (const write of made) {
    if (!ended.has(write.session) && !tree.has(write.path)) {
      yield `Gone before its session: ${show(write)}, in the end`;
    }
  }
  for (const [path, { ephemeralOwner }] of tree) {
    if (ephemeralOwner !== 0n && ended.has(ephemeralOwner)) {
      yield `Outlived its session: ${path}, in the end`;
    }
  }
}
