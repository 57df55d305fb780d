/**
 * The whole tree as one server shows it to a client, for comparing servers: one line for each
 * node with its data and every field of its Stat. The server is made to catch up by a sync first.
 */
import { EnsembleClient } from "../../../src/client/index.ts";
import type { ClientOptions, Stat } from "../../../src/client/index.ts";

/** A node as a client reads it. */
export interface DumpedNode {
  readonly data: string;
  readonly stat: Stat;
}

/** All nodes of a server, by path. */
export type TreeDump = ReadonlyMap<string, DumpedNode>;

/** Nodes that are read at a time. */
const pipelined = 500;

/** Reads the tree of the server at `address`. */
export async function dumpTree(address: string, options: ClientOptions = {}): Promise<TreeDump> {
  const client = await EnsembleClient.connect(address, options);
  try {
    await client.sync("/");
    const nodes = new Map<string, DumpedNode>();
    const open = ["/"];
    while (open.length > 0) {
      const read = open.splice(0, pipelined).map(async (path) => {
        const [{ data, stat }, { children }] = await Promise.all([
          client.getData(path),
          client.getChildren(path),
        ]);
        nodes.set(path, { data: data?.toString("latin1") ?? "", stat });
        const prefix = path === "/" ? "/" : `${path}/`;
        for (const child of children) open.push(prefix + child);
      });
      await Promise.all(read);
    }
    return nodes;
  } finally {
    await client.close();
  }
}

/** The dump as sorted lines, which a failing comparison shows best. */
export function formatDump(dump: TreeDump): string[] {
  const lines = [...dump].map(([path, { data, stat }]) => {
    const fields = Object.entries(stat).map(([name, value]) => `${name}=${String(value)}`);
    return `${path} "${data}" ${fields.join(" ")}`;
  });
  return lines.sort();
}
