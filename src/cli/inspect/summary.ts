/**
 * `ensemble inspect summary FILE [PATH] [DEPTH]`: how many nodes and how much data are below each
 * node of a snapshot. ZooKeeper's counterpart is SnapshotRecursiveSummary.
 */
import { formatTable } from "../table.ts";
import { InspectError } from "./inspect-error.ts";
import { readTreeSizes } from "./tree-sizes.ts";

/** Prints the nodes that have children, down to `depth` levels below `root`; 0 for all levels. */
export async function summarise(
  file: string,
  { root, depth }: { readonly root: string; readonly depth: number },
  print: (line: string) => void,
): Promise<void> {
  const sizes = await readTreeSizes(file);
  if (!sizes.has(root)) throw new InspectError("usage", `'${file}' has no node '${root}'`);
  const prefix = root === "/" ? "/" : `${root}/`;
  const rows: string[][] = [];
  for (const [path, { nodes, bytes }] of sizes) {
    if (path !== root && !path.startsWith(prefix)) continue;
    const level = path === root ? 0 : path.slice(prefix.length).split("/").length;
    if (nodes === 1 && path !== root) continue;
    if (depth === 0 || level <= depth) rows.push([path, String(nodes - 1), String(bytes)]);
  }
  const order = rows.sort(([left = ""], [right = ""]) => (left < right ? -1 : 1));
  for (const line of formatTable(["PATH", "BELOW", "BYTES"], order)) print(line);
}
