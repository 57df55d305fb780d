/**
 * The history checker notices each way in which a tree can contradict what writers were told: what
 * it passes over in silence would make the durability tests worthless.
 */
import { expect, test } from "vitest";
import type { DumpedNode } from "./support/tree-dump.ts";
import { findViolations, multiPartner } from "./support/write-history.ts";
import type { WriteRecord } from "./support/write-history.ts";

const writer = "/w";

function node(data: string, zxid: bigint, version = 0): DumpedNode {
  const stat = { czxid: zxid, mzxid: zxid, pzxid: zxid, ctimeMs: 0, mtimeMs: 0, version };
  const counts = { cversion: 0, aversion: 0, dataLength: 0, numChildren: 0 };
  return { data, stat: { ...stat, ...counts, ephemeralOwner: 0n } };
}

function record(
  index: number,
  parts: Pick<WriteRecord, "kind" | "path">,
  at?: bigint,
): WriteRecord {
  const made = parts.kind === "sequential" ? `${parts.path}/n-${index}` : parts.path;
  const token = `${writer}#${index}`;
  if (at === undefined) return { ...parts, token, index, writer, outcome: "unknown" };
  const acknowledged = { path: made, zxid: at, version: 1 };
  return { ...parts, token, index, writer, outcome: "acknowledged", acknowledged };
}

/** One write of each kind, all acknowledged but the last, and a tree that has them all. */
function world(): { history: WriteRecord[]; tree: Map<string, DumpedNode> } {
  const history = [
    record(0, { kind: "unique", path: "/w/unique/0" }, 1n),
    record(1, { kind: "sequential", path: "/queue" }, 2n),
    record(2, { kind: "blindSet", path: "/w/blind" }, 3n),
    record(3, { kind: "multi", path: "/w/multi/3" }, 4n),
    record(4, { kind: "sequential", path: "/queue" }),
  ];
  const tree = new Map([
    ["/w/unique/0", node("/w#0", 1n)],
    ["/queue/n-1", node("/w#1", 2n)],
    ["/w/blind", node("/w#2", 3n, 1)],
    ["/w/multi/3", node("/w#3", 4n)],
    [multiPartner("/w/multi/3"), node("/w#3", 4n)],
    ["/w/multi-count", node("/w#3", 4n, 1)],
  ]);
  return { history, tree };
}

test("findViolations() accepts an unanswered write that was applied, or not", () => {
  const { history, tree } = world();
  expect(findViolations(history, tree)).toEqual([]);
  tree.set("/queue/n-4", node("/w#4", 9n));
  expect(findViolations(history, tree)).toEqual([]);
});

const contradictions: [what: string, change: (made: ReturnType<typeof world>) => void, RegExp][] = [
  ["a lost create", ({ tree }) => tree.delete("/w/unique/0"), /^Lost: /],
  ["other data", ({ tree }) => tree.set("/w/unique/0", node("x", 1n)), /^Changed: /],
  ["another zxid", ({ tree }) => tree.set("/w/unique/0", node("/w#0", 8n)), /^Other zxid: /],
  ["a second create", ({ tree }) => tree.set("/queue/n-9", node("/w#1", 9n)), /^Applied twice: /],
  ["a foreign node", ({ tree }) => tree.set("/queue/n-9", node("/w#77", 9n)), /^From nowhere: /],
  ["a lost set", ({ tree }) => tree.set("/w/blind", node("", 3n, 0)), /^Lost: /],
  ["a second set", ({ tree }) => tree.set("/w/blind", node("/w#2", 3n, 2)), /^Applied twice: /],
  ["half a multi", ({ tree }) => tree.delete(multiPartner("/w/multi/3")), /^Half done: /],
  ["a multi counted twice", ({ tree }) => tree.set("/w/multi-count", node("", 4n, 2)), /^1 multis/],
  ["writes out of order", ({ history }) => (history[3] = outOfOrder()), /^Out of order: /],
  ["a refused write", ({ history }) => (history[1] = refused(history[1]!)), /^Refused, but there/],
];

function outOfOrder(): WriteRecord {
  return record(3, { kind: "multi", path: "/w/multi/3" }, 2n);
}

function refused({ token, index, kind, path }: WriteRecord): WriteRecord {
  return { token, index, kind, path, writer, outcome: "refused" };
}

test.each(contradictions)("findViolations() notices %s", (_what, change, sentence) => {
  const made = world();
  change(made);
  expect(findViolations(made.history, made.tree)).toContainEqual(expect.stringMatching(sentence));
});
