/**
 * `ensemble inspect compare LEFT RIGHT`: where two snapshots differ in nodes and bytes. ZooKeeper's
 * counterpart is SnapshotComparer, whose thresholds these are.
 */
import { formatTable } from "../table.ts";
import { readTreeSizes } from "./tree-sizes.ts";
import type { SubtreeSize } from "./tree-sizes.ts";

/** From which difference on a node with all below it is shown. */
export interface Thresholds {
  readonly nodes: number;
  readonly bytes: number;
}

type Sizes = ReadonlyMap<string, SubtreeSize>;

export async function compare(
  leftFile: string,
  rightFile: string,
  thresholds: Thresholds,
  print: (line: string) => void,
): Promise<void> {
  const left = await readTreeSizes(leftFile);
  const right = await readTreeSizes(rightFile);
  for (const line of totals(left, right)) print(line);
  const rows = differences(left, right, thresholds);
  if (rows.length === 0) return;
  print("");
  const heading = ["PATH", "NODES", "NODES+", "BYTES", "BYTES+"];
  for (const line of formatTable(heading, rows)) print(line);
}

function totals(left: Sizes, right: Sizes): string[] {
  const onlyIn = (these: Sizes, others: Sizes): number =>
    [...these.keys()].filter((path) => !others.has(path)).length;
  const changed = [...left].filter(([path, { version }]) => {
    const other = right.get(path);
    return other !== undefined && other.version !== version;
  });
  const describe = (sizes: Sizes): string => {
    const { nodes, bytes } = sizes.get("/") ?? { nodes: 0, bytes: 0 };
    return `${nodes} nodes, ${bytes} bytes`;
  };
  return [
    `left: ${describe(left)}`,
    `right: ${describe(right)}`,
    `only left: ${onlyIn(left, right)} nodes`,
    `only right: ${onlyIn(right, left)} nodes`,
    `changed: ${changed.length} nodes`,
  ];
}

/** What is on the right, and how much more that is than on the left. */
function differences(left: Sizes, right: Sizes, thresholds: Thresholds): string[][] {
  const none = { nodes: 0, bytes: 0 };
  const rows: string[][] = [];
  for (const path of [...new Set([...left.keys(), ...right.keys()])].sort()) {
    const before = left.get(path) ?? none;
    const after = right.get(path) ?? none;
    const nodes = after.nodes - before.nodes;
    const bytes = after.bytes - before.bytes;
    if (nodes === 0 && bytes === 0) continue;
    if (Math.abs(nodes) < thresholds.nodes && Math.abs(bytes) < thresholds.bytes) continue;
    rows.push([path, String(after.nodes), signed(nodes), String(after.bytes), signed(bytes)]);
  }
  return rows;
}

function signed(value: number): string {
  return value > 0 ? `+${value}` : String(value);
}
