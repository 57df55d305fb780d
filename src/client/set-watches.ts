/**
 * Cuts the watches of a client into `setWatches` requests, by which it registers them again on a
 * new connection. A server refuses frames above `jute.maxbuffer`, so each request stays below
 * 128 KiB, as in the ZooKeeper client; a single longer path gets a request of its own.
 */
import type { SetWatches } from "../wire/index.ts";
import type { WatchKind, WatchTable } from "./watch-table.ts";

/** Limit of the path bytes of one request, length prefixes included. */
export const setWatchesBytesMax = 128 * 1024;

/** The requests that register all watches of `table`; none when it is empty. */
export function chunkSetWatches(table: WatchTable, relativeZxid: bigint): SetWatches[] {
  const requests: SetWatches[] = [];
  let lists: Record<WatchKind, string[]> = { data: [], exist: [], child: [] };
  let bytes = 0;
  const flush = (): void => {
    if (bytes === 0) return;
    requests.push({
      relativeZxid,
      dataWatches: lists.data,
      existWatches: lists.exist,
      childWatches: lists.child,
      persistentWatches: [],
      persistentRecursiveWatches: [],
    });
    lists = { data: [], exist: [], child: [] };
    bytes = 0;
  };
  for (const kind of ["data", "exist", "child"] as const) {
    for (const path of table.paths(kind)) {
      const pathBytes = 4 + Buffer.byteLength(path);
      if (bytes + pathBytes > setWatchesBytesMax) flush();
      lists[kind].push(path);
      bytes += pathBytes;
    }
  }
  flush();
  return requests;
}
