/** A snapshot's tree as sizes: for each node, how many nodes and bytes are at it and below. */
import { parentPath } from "../../wire/index.ts";
import type { SnapshotSink } from "../../wire/index.ts";
import { readSnapshot } from "./snapshot.ts";

/** A node with all below it. */
export interface SubtreeSize {
  /** Nodes, itself included. */
  nodes: number;
  /** Sum of the lengths of their data. */
  bytes: number;
  /** Of the node alone, to tell whether it was changed: its data's zxid and its stat's versions. */
  readonly version: string;
}

/** By path, parents before their children, the root under "/". @throws InspectError `damaged` */
export async function readTreeSizes(file: string): Promise<Map<string, SubtreeSize>> {
  const sizes = new Map<string, SubtreeSize>();
  const ignore = (): void => undefined;
  const sink: SnapshotSink = {
    session: ignore,
    acl: ignore,
    node: ({ path, data, stat }) => {
      const version = `${stat.czxid}/${stat.mzxid}/${stat.version}/${stat.aversion}`;
      sizes.set(path === "" ? "/" : path, { nodes: 1, bytes: data?.length ?? 0, version });
    },
  };
  await readSnapshot(file, sink);
  for (const [path, size] of [...sizes].reverse()) {
    const parent = path === "/" ? undefined : sizes.get(parentPath(path));
    if (parent === undefined) continue;
    parent.nodes += size.nodes;
    parent.bytes += size.bytes;
  }
  return sizes;
}
