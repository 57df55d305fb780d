/**
 * Whether the zxids that replies carry are an order of all writes that everybody could have seen:
 * each write has one of its own; what was acknowledged before another write or a synced read was
 * sent comes before it; and a read at zxid Z shows what the writes up to Z have made. This finds
 * at once, over all nodes, what a search per node could only find per node.
 */
import { acknowledgedWrites, compare, firstIndex, show } from "./operation.ts";
import type { Operation } from "./operation.ts";

export function* checkWriteOrder(operations: readonly Operation[]): Iterable<string> {
  const writes = acknowledgedWrites(operations);
  yield* checkRefusals(operations);
  yield* checkDistinct(writes);
  yield* checkRealTime(operations, writes);
  yield* checkReads(operations, writes);
}

/** Only a version and a node that is not there are reasons: nothing is made under a name twice. */
function* checkRefusals(operations: readonly Operation[]): Iterable<string> {
  for (const operation of operations) {
    if (operation.outcome !== "refused" || operation.kind === "get") continue;
    if (operation.kind === "set" && operation.version !== -1) continue;
    yield `Refused without a reason: ${show(operation)}, error ${operation.error}`;
  }
}

function* checkDistinct(writes: readonly Operation[]): Iterable<string> {
  for (const [index, write] of writes.entries()) {
    const before = writes[index - 1];
    if (before?.zxid === write.zxid) yield `One zxid for two: ${show(before)} and ${show(write)}`;
  }
}

/** Later than what had been acknowledged when it was sent. */
function* checkRealTime(
  operations: readonly Operation[],
  writes: readonly Operation[],
): Iterable<string> {
  const returned = writes.toSorted((one, other) => compare(one.returnedMs, other.returnedMs));
  const sent = operations
    .filter(({ kind, isSynced, outcome }) => outcome === "ok" && (kind !== "get" || isSynced))
    .toSorted((one, other) => compare(one.invokedMs, other.invokedMs));
  let newest: Operation | undefined;
  let count = 0;
  for (const operation of sent) {
    for (; (returned[count]?.returnedMs ?? Infinity) < operation.invokedMs; count++) {
      const write = returned[count]!;
      if (newest === undefined || write.zxid > newest.zxid) newest = write;
    }
    if (newest === undefined) continue;
    const { kind, zxid } = operation;
    if (kind === "get" ? zxid < newest.zxid : zxid <= newest.zxid) {
      const what = kind === "get" ? "Stale" : "Before the past";
      yield `${what}: ${show(operation)} does not come after ${show(newest)}`;
    }
  }
}

/** A read shows the newest write up to its zxid, and nothing that nobody wrote. */
function* checkReads(
  operations: readonly Operation[],
  writes: readonly Operation[],
): Iterable<string> {
  const sets = Map.groupBy(
    writes.filter(({ kind }) => kind === "set"),
    ({ path }) => path,
  );
  const asked = new Map(operations.flatMap((one) => (one.value === "" ? [] : [[one.value, one]])));
  for (const read of operations) {
    if (read.found === undefined) continue;
    yield* checkSource(read, asked.get(read.found.value));
    const { mzxid, version } = read.found;
    if (mzxid > read.zxid) yield `From the future: ${show(read)} at an earlier zxid than its data`;
    const ofPath = sets.get(read.path) ?? [];
    const newest = ofPath[firstIndex(ofPath, ({ zxid }) => zxid > read.zxid) - 1];
    if (newest === undefined) continue;
    if (newest.zxid > mzxid || (newest.madeVersion ?? 0) > version) {
      yield `Lost: ${show(newest)} is not in what ${show(read)} found`;
    }
  }
}

function* checkSource(read: Operation, source: Operation | undefined): Iterable<string> {
  const { found } = read;
  if (found === undefined || found.value === "") return;
  if (source === undefined) {
    yield `From nowhere: ${show(read)} found "${found.value}"`;
    return;
  }
  const path = source.madePath ?? source.path;
  const isNumbered = source.kind === "createSequential" && source.outcome === "unknown";
  const isHere = isNumbered ? read.path.startsWith(path) : read.path === path;
  if (source.outcome === "refused" || !isHere || source.invokedMs > read.returnedMs) {
    yield `From nowhere: ${show(read)} found what ${show(source)} did not write`;
  }
  if (source.outcome === "ok" && source.zxid !== found.mzxid) {
    yield `Other zxid: ${show(read)} found ${show(source)} at another zxid than acknowledged`;
  }
}
