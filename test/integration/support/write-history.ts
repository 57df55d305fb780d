/**
 * A history of writes: what each writer asked for and what it was told, and the check of a tree
 * against it. The rules: what was acknowledged is there, with the result that was told; what was
 * left without an answer was applied once or not at all; nothing else is there. Each write carries
 * a token of its own, so that a tree says which writes made it.
 */
import type { TreeDump } from "./tree-dump.ts";

/** What a writer knows of one write. */
export interface WriteRecord {
  /** Unique among all writes; the data of what it wrote. */
  readonly token: string;
  /** Orders the writes of one writer. */
  readonly index: number;
  readonly writer: string;
  readonly kind: "unique" | "sequential" | "blindSet" | "versionedSet" | "multi";
  /** The node asked for; for a sequential one the parent. */
  readonly path: string;
  /** Unknown when the connection was lost before the reply. */
  outcome: "acknowledged" | "refused" | "unknown";
  /** What a reply said of the node. */
  acknowledged?: { readonly path: string; readonly zxid: bigint; readonly version: number };
}

/** Everything that is wrong with `tree` after `history`, as sentences; empty when nothing is. */
export function findViolations(history: readonly WriteRecord[], tree: TreeDump): string[] {
  return [
    ...checkCreates(history, tree),
    ...checkNothingElse(history, tree),
    ...checkCounters(history, tree),
    ...checkMultis(history, tree),
    ...checkOrder(history),
  ];
}

/** Path of the second node that a multi makes beside its first. */
export function multiPartner(path: string): string {
  return `${path}-partner`;
}

function ofKind(history: readonly WriteRecord[], ...kinds: WriteRecord["kind"][]): WriteRecord[] {
  return history.filter((record) => kinds.includes(record.kind));
}

function* checkCreates(history: readonly WriteRecord[], tree: TreeDump): Iterable<string> {
  for (const record of ofKind(history, "unique", "sequential", "multi")) {
    const { acknowledged, token } = record;
    if (acknowledged === undefined) continue;
    const node = tree.get(acknowledged.path);
    if (node === undefined) yield `Lost: ${acknowledged.path} of ${token}`;
    else if (node.data !== token) yield `Changed: ${acknowledged.path} is ${node.data}`;
    else if (node.stat.czxid !== acknowledged.zxid) yield `Other zxid: ${acknowledged.path}`;
  }
}

/** Each node that a writer made comes from exactly one write that was not refused. */
function* checkNothingElse(history: readonly WriteRecord[], tree: TreeDump): Iterable<string> {
  const creates = ofKind(history, "unique", "sequential", "multi");
  const byToken = new Map(creates.map((record) => [record.token, record]));
  const seen = new Set<string>();
  const parents = new Set(creates.map((record) => parentOf(record)));
  for (const [path, { data }] of tree) {
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (!parents.has(parent) || path.endsWith(multiPartner(""))) continue;
    const record = byToken.get(data);
    if (record === undefined) yield `From nowhere: ${path} with ${data}`;
    else if (record.outcome === "refused") yield `Refused, but there: ${path} with ${data}`;
    else if (seen.has(data)) yield `Applied twice: ${path} with ${data}`;
    seen.add(data);
  }
}

function parentOf({ kind, path }: WriteRecord): string {
  return kind === "sequential" ? path : path.slice(0, path.lastIndexOf("/"));
}

/** A node's version counts the writes to it; no two writes were told the same one. */
function* checkCounters(history: readonly WriteRecord[], tree: TreeDump): Iterable<string> {
  const sets = Map.groupBy(ofKind(history, "blindSet", "versionedSet"), ({ path }) => path);
  for (const [path, records] of sets) {
    const version = tree.get(path)?.stat.version ?? -1;
    const told = records.flatMap(({ acknowledged }) => acknowledged?.version ?? []);
    const unknownCount = records.filter(({ outcome }) => outcome === "unknown").length;
    if (version < told.length) yield `Lost: ${path} has version ${version} of ${told.length}`;
    if (version > told.length + unknownCount) {
      yield (
        `Applied twice: ${path} has version ${version}, ${told.length} sets and ` +
        `${unknownCount} without an answer`
      );
    }
    if (new Set(told).size !== told.length) yield `A version of ${path} was told twice`;
    if (told.some((one) => one > version)) yield `${path} went back to version ${version}`;
  }
}

/** A multi makes two nodes and sets a third: all of it, at one zxid, or nothing. */
function* checkMultis(history: readonly WriteRecord[], tree: TreeDump): Iterable<string> {
  const multis = Map.groupBy(ofKind(history, "multi"), ({ writer }) => writer);
  for (const [writer, records] of multis) {
    let count = 0;
    for (const { path } of records) {
      const [first, second] = [tree.get(path), tree.get(multiPartner(path))];
      if (first?.stat.czxid !== second?.stat.czxid) yield `Half done: multi of ${path}`;
      if (first !== undefined) count += 1;
    }
    const version = tree.get(multiCounter(writer))?.stat.version;
    if (version !== count) yield `${count} multis of ${writer} set its counter ${version} times`;
  }
}

/** Path of the node that the multis of a writer set. */
export function multiCounter(writer: string): string {
  return `${writer}/multi-count`;
}

/** The writes of one session were carried out in the order in which it made them. */
function* checkOrder(history: readonly WriteRecord[]): Iterable<string> {
  for (const [writer, records] of Map.groupBy(history, (record) => record.writer)) {
    let last = 0n;
    for (const { acknowledged, token } of records.toSorted((a, b) => a.index - b.index)) {
      if (acknowledged === undefined) continue;
      if (acknowledged.zxid <= last) yield `Out of order: ${token} of ${writer}`;
      last = acknowledged.zxid;
    }
  }
}
