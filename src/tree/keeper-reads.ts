/**
 * The reads that ClickHouse Keeper adds (ClickHouse 26, `KeeperStorage`), and the nodes in which it
 * says what it can do. Those nodes are no part of the replicated tree: they answer where the tree
 * has nothing, and no listing but that of `/keeper` shows them.
 */
import { ErrorCode, KeeperOpCode, ListType, Perms, baseName } from "../wire/index.ts";
import type { JuteReader, JuteWriter } from "../wire/index.ts";
import type { DataTree } from "./data-tree.ts";
import { NodeKind, nodeKind } from "./node-kind.ts";
import { newStat } from "./node-store.ts";
import { StatPages } from "./stat-pages.ts";
import { ZNode, writeNodeStat } from "./znode.ts";

/** ClickHouse's numbers of the features that are there; 5, watches in multiRead, is not. */
const features: readonly number[] = [0, 1, 2, 3, 4, 6, 7, 8, 9, 10];
const featureCount = 11;

/** For clients that do not know of feature flags: filtered lists and multiRead. */
const apiVersion = "2";

/** The nodes by path. */
export function keeperNodes(): ReadonlyMap<string, ZNode> {
  const flags = Buffer.alloc(Math.ceil(featureCount / 8));
  for (const feature of features) {
    const at = Math.floor(feature / 8);
    flags.writeUInt8(flags.readUInt8(at) | (0x80 >> (feature % 8)), at);
  }
  const pages = new StatPages();
  const stat = newStat(0n, { zxid: 0n, timeMs: 0 });
  const nodeWith = (data: Buffer): ZNode => new ZNode(pages, stat, data, 0);
  const folder = nodeWith(Buffer.alloc(0));
  folder.childPaths = new Set(["/keeper/api_version", "/keeper/feature_flags"]);
  return new Map([
    ["/keeper", folder],
    ["/keeper/api_version", nodeWith(Buffer.from(apiVersion))],
    ["/keeper/feature_flags", nodeWith(flags)],
  ]);
}

/** What the reads need of the server. */
export interface KeeperReading {
  readonly tree: DataTree;
  mayRead(node: ZNode, perms: number): boolean;
  /** Sets a watch on the children of a node that is there. */
  watchChildren(path: string): void;
}

/** Decodes the body of one of the reads and appends its reply; returns the error code. */
export function serveKeeperRead(
  type: number,
  reader: JuteReader,
  writer: JuteWriter,
  reading: KeeperReading,
): number {
  if (type === KeeperOpCode.listRecursive) return listRecursive(reader, writer, reading);
  const path = reader.readString() ?? "";
  const watch = reader.readBool();
  const listType = reader.readByte();
  const isDetailed = type === KeeperOpCode.filteredListWithStatsAndData;
  const withStats = isDetailed && reader.readBool();
  const withData = isDetailed && reader.readBool();
  const node = reading.tree.getNode(path);
  if (node === undefined) return ErrorCode.noNode;
  if (!reading.mayRead(node, Perms.read)) return ErrorCode.noAuth;
  const children = childrenOf(reading.tree, node);
  // What is told of the children themselves is for those who may read them.
  const isRevealing = withStats || withData || listType !== ListType.all;
  if (isRevealing && !children.every(([, child]) => reading.mayRead(child, Perms.read))) {
    return ErrorCode.noAuth;
  }
  if (watch) reading.watchChildren(path);
  const listed = children.filter(([, child]) => isListed(child, listType));
  writer.writeInt(listed.length);
  for (const [childPath] of listed) writer.writeString(baseName(childPath));
  writeNodeStat(writer, node);
  if (!isDetailed) return ErrorCode.ok;
  writer.writeInt(withStats ? listed.length : 0);
  if (withStats) for (const [, child] of listed) writeNodeStat(writer, child);
  writer.writeInt(withData ? listed.length : 0);
  if (withData) for (const [, child] of listed) child.writeData(writer);
  return ErrorCode.ok;
}

/** Paths below a node, level by level, up to the number that the client wants. */
function listRecursive(reader: JuteReader, writer: JuteWriter, reading: KeeperReading): number {
  const root = reader.readString() ?? "";
  const pathsMax = reader.readInt() >>> 0;
  const { tree } = reading;
  const start = tree.getNode(root);
  if (start === undefined) return ErrorCode.noNode;
  if (!reading.mayRead(start, Perms.read)) return ErrorCode.noAuth;
  const found = [root];
  for (let at = 0; at < found.length && found.length <= pathsMax; at++) {
    const path = found[at]!;
    const node = tree.getNode(path);
    if (node === undefined) continue;
    for (const [childPath, child] of childrenOf(tree, node)) {
      if (found.length > pathsMax) break;
      if (reading.mayRead(child, Perms.read)) found.push(childPath);
    }
  }
  writer.writeInt(found.length - 1);
  for (let at = 1; at < found.length; at++) writer.writeString(found[at]!);
  return ErrorCode.ok;
}

function childrenOf(tree: DataTree, node: ZNode): [path: string, child: ZNode][] {
  const children: [string, ZNode][] = [];
  for (const path of node.childPaths ?? []) {
    const child = tree.getNode(path);
    if (child !== undefined) children.push([path, child]);
  }
  return children;
}

function isListed(child: ZNode, listType: number): boolean {
  if (listType === ListType.all) return true;
  const isEphemeral = nodeKind(child.ephemeralOwner) === NodeKind.ephemeral;
  return isEphemeral === (listType === ListType.ephemeral);
}
