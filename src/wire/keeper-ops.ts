/**
 * The operations that ClickHouse Keeper adds to ZooKeeper's (ClickHouse 26, `ZooKeeperCommon`,
 * `ZooKeeperConstants`), under its own names. Their replies have no shapes of their own, but for
 * the list with stats and data.
 */
import type { JuteReader } from "./jute-reader.ts";
import { readStat } from "./records.ts";
import type { Stat } from "./records.ts";
import { readCreateRequest, readPathVersionRequest } from "./requests.ts";
import type { CreateRequest, PathVersionRequest } from "./requests.ts";

export const KeeperOpCode = {
  filteredList: 500,
  checkNotExists: 501,
  createIfNotExists: 502,
  removeRecursive: 503,
  checkStat: 504,
  tryRemove: 505,
  filteredListWithStatsAndData: 506,
  listRecursive: 507,
} as const;

/** Which children a filtered list has. */
export const ListType = { all: 0, persistent: 1, ephemeral: 2 } as const;

/** An operation that takes part in the log, alone or in a multi. */
export type KeeperOp =
  | {
      readonly type: typeof KeeperOpCode.checkNotExists | typeof KeeperOpCode.tryRemove;
      readonly request: PathVersionRequest;
    }
  | { readonly type: typeof KeeperOpCode.createIfNotExists; readonly request: CreateRequest }
  | {
      readonly type: typeof KeeperOpCode.removeRecursive;
      readonly request: { readonly path: string; readonly nodesMax: number };
    }
  | {
      readonly type: typeof KeeperOpCode.checkStat;
      /** Fields of `stat` that are -1 match anything. */
      readonly request: PathVersionRequest & { readonly stat: Stat };
    };

/** The type is that of a `KeeperOp`. */
export function isKeeperWrite(type: number): type is KeeperOp["type"] {
  return type >= KeeperOpCode.checkNotExists && type <= KeeperOpCode.tryRemove;
}

export function isKeeperRead(type: number): boolean {
  return (
    type === KeeperOpCode.filteredList ||
    type === KeeperOpCode.filteredListWithStatsAndData ||
    type === KeeperOpCode.listRecursive
  );
}

export function readKeeperOp(reader: JuteReader, type: KeeperOp["type"]): KeeperOp {
  switch (type) {
    case KeeperOpCode.createIfNotExists:
      return { type, request: readCreateRequest(reader, false) };
    case KeeperOpCode.removeRecursive: {
      const path = reader.readString() ?? "";
      return { type, request: { path, nodesMax: reader.readInt() >>> 0 } };
    }
    case KeeperOpCode.checkStat: {
      const pathVersion = readPathVersionRequest(reader);
      return { type, request: { ...pathVersion, stat: readStat(reader) } };
    }
    default:
      return { type, request: readPathVersionRequest(reader) };
  }
}
