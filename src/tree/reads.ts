/**
 * Answers to requests that change nothing (ZooKeeper 3.9 `FinalRequestProcessor`), straight from
 * the tree into the connection's output: no object is made for a reply. Which server answers, and
 * after which write, is not decided here. Watches are set together with the answer, so that no
 * change can fall between the two.
 */
import {
  ErrorCode,
  EventType,
  OpCode,
  Perms,
  WireError,
  isKeeperRead,
  isKeeperWrite,
} from "../wire/index.ts";
import type { Acl, Id, JuteReader, JuteWriter, SetWatches } from "../wire/index.ts";
import { isAllowed } from "./acl.ts";
import type { DataTree } from "./data-tree.ts";
import { keeperNodes, serveKeeperRead } from "./keeper-reads.ts";
import { WatchMode, WatcherType } from "./watches.ts";
import type { WatchTable, Watcher } from "./watches.ts";
import { writeNodeStat } from "./znode.ts";
import type { ZNode } from "./znode.ts";

/** Who asks. */
export interface ReadContext {
  readonly sessionId: bigint;
  readonly authInfo: readonly Id[];
  /** Gets the watches that the request sets. */
  readonly watcher: Watcher;
}

/** How a `ReadService` judges. */
export interface ReadOptions {
  /** Lets everybody read everything. */
  readonly skipAcl: boolean;
  /** Whether ClickHouse Keeper's reads and nodes are there. @default false */
  readonly clickHouse?: boolean;
}

/** Who reads, and who is told of changes: nobody when that is null. */
type Reading = Pick<ReadContext, "authInfo"> & { readonly watcher: Watcher | null };

/** Zxid of events that make up for what a client missed. */
const missedZxid = -1n;

const noAcl: readonly Acl[] = [];

const readOps: ReadonlySet<number> = new Set([
  OpCode.exists,
  OpCode.getData,
  OpCode.getACL,
  OpCode.getChildren,
  OpCode.getChildren2,
  OpCode.checkWatches,
  OpCode.removeWatches,
  OpCode.addWatch,
  OpCode.multiRead,
  OpCode.getEphemerals,
  OpCode.getAllChildrenNumber,
  OpCode.whoAmI,
]);

const writeOps: ReadonlySet<number> = new Set([
  OpCode.create,
  OpCode.create2,
  OpCode.createContainer,
  OpCode.createTTL,
  OpCode.delete,
  OpCode.setData,
  OpCode.setACL,
  OpCode.multi,
  OpCode.reconfig,
  OpCode.closeSession,
]);

/** Whether `ReadService.serve` answers this type of request. */
export function isReadOp(type: number, clickHouse = false): boolean {
  return readOps.has(type) || (clickHouse && isKeeperRead(type));
}

/**
 * Whether a client's request of this type becomes a transaction. Not so for createSession and
 * deleteContainer, which only servers may ask for.
 */
export function isWriteOp(type: number, clickHouse = false): boolean {
  return writeOps.has(type) || (clickHouse && isKeeperWrite(type));
}

/** Serves reads from one server's tree and sets watches in its table. */
export class ReadService {
  readonly #tree: DataTree;
  readonly #watches: WatchTable;
  readonly #skipAcl: boolean;
  /** Nodes outside of the tree; null unless ClickHouse's clients are served. */
  readonly #keeperNodes: ReadonlyMap<string, ZNode> | null;

  constructor(tree: DataTree, watches: WatchTable, options: ReadOptions) {
    this.#tree = tree;
    this.#watches = watches;
    this.#skipAcl = options.skipAcl;
    this.#keeperNodes = options.clickHouse === true ? keeperNodes() : null;
  }

  /**
   * Decodes a request's body and appends the reply's body. Returns the error code; with an error
   * nothing has been appended. `type` must be a read operation.
   *
   * @throws WireError when the body cannot be decoded; nothing has been appended then either.
   */
  serve(type: number, reader: JuteReader, writer: JuteWriter, context: ReadContext): number {
    switch (type) {
      case OpCode.getData:
        return this.#getData(reader, writer, context);
      case OpCode.exists:
        return this.#exists(reader, writer, context);
      case OpCode.getChildren:
        return this.#getChildren(reader, writer, context, false);
      case OpCode.getChildren2:
        return this.#getChildren(reader, writer, context, true);
      case OpCode.getACL:
        return this.#getAcl(reader, writer, context);
      case OpCode.multiRead:
        return this.#multiRead(reader, writer, context);
      case OpCode.getEphemerals:
        return this.#getEphemerals(reader, writer, context);
      case OpCode.getAllChildrenNumber:
        return this.#getAllChildrenNumber(reader, writer, context);
      case OpCode.whoAmI:
        return whoAmI(writer, context.authInfo);
      case OpCode.checkWatches:
      case OpCode.removeWatches:
        return this.#checkOrRemoveWatches(type, reader, context.watcher);
      case OpCode.addWatch:
        return this.#addWatch(reader, writer, context.watcher);
      default:
        if (this.#keeperNodes === null) return ErrorCode.unimplemented;
        return this.#keeperRead(type, reader, writer, context);
    }
  }

  /**
   * Takes back the watches of a client that has come from another server: those whose change the
   * client missed fire at once.
   */
  setWatches(watches: SetWatches, context: ReadContext): void {
    const { watcher } = context;
    const { relativeZxid } = watches;
    for (const path of watches.dataWatches) {
      const node = this.#tree.getNode(path);
      if (node === undefined) tell(watcher, EventType.nodeDeleted, path);
      else if (node.mzxid > relativeZxid) tell(watcher, EventType.nodeDataChanged, path);
      else this.#watches.addData(path, watcher);
    }
    for (const path of watches.existWatches) {
      if (this.#tree.getNode(path) !== undefined) tell(watcher, EventType.nodeCreated, path);
      else this.#watches.addData(path, watcher);
    }
    for (const path of watches.childWatches) {
      const node = this.#tree.getNode(path);
      if (node === undefined) tell(watcher, EventType.nodeDeleted, path);
      else if (node.pzxid > relativeZxid) tell(watcher, EventType.nodeChildrenChanged, path);
      else this.#watches.addChild(path, watcher);
    }
    // What these missed is not made up for: their owners know that they were away.
    for (const path of watches.persistentWatches) this.#watches.addPersistent(path, watcher);
    for (const path of watches.persistentRecursiveWatches)
      this.#watches.addRecursive(path, watcher);
  }

  #mayRead(node: ZNode, perms: number, authInfo: readonly Id[]): boolean {
    return this.#skipAcl || isAllowed(this.#tree.aclOf(node), perms, authInfo);
  }

  #nodeAt(path: string): ZNode | undefined {
    return this.#tree.getNode(path) ?? this.#keeperNodes?.get(path);
  }

  #getData(reader: JuteReader, writer: JuteWriter, context: Reading): number {
    const path = reader.readString() ?? "";
    const watch = reader.readBool();
    const node = this.#nodeAt(path);
    if (node === undefined) return ErrorCode.noNode;
    if (!this.#mayRead(node, Perms.read, context.authInfo)) return ErrorCode.noAuth;
    if (watch && context.watcher !== null) this.#watches.addData(path, context.watcher);
    node.writeData(writer);
    writeNodeStat(writer, node);
    return ErrorCode.ok;
  }

  #exists(reader: JuteReader, writer: JuteWriter, context: Reading): number {
    const path = reader.readString() ?? "";
    const watch = reader.readBool();
    if (path.includes("\0")) return ErrorCode.badArguments;
    const node = this.#nodeAt(path);
    if (node !== undefined && !this.#mayRead(node, Perms.read, context.authInfo)) {
      return ErrorCode.noAuth;
    }
    if (watch && context.watcher !== null) this.#watches.addData(path, context.watcher);
    if (node === undefined) return ErrorCode.noNode;
    writeNodeStat(writer, node);
    return ErrorCode.ok;
  }

  #getChildren(
    reader: JuteReader,
    writer: JuteWriter,
    context: Reading,
    withStat: boolean,
  ): number {
    const path = reader.readString() ?? "";
    const watch = reader.readBool();
    const node = this.#nodeAt(path);
    if (node === undefined) return ErrorCode.noNode;
    if (!this.#mayRead(node, Perms.read, context.authInfo)) return ErrorCode.noAuth;
    if (watch && context.watcher !== null) this.#watches.addChild(path, context.watcher);
    writer.writeInt(node.childCount);
    if (node.childPaths !== null) {
      const nameAt = path.length === 1 ? 1 : path.length + 1;
      for (const childPath of node.childPaths) writer.writeStringFrom(childPath, nameAt);
    }
    if (withStat) writeNodeStat(writer, node);
    return ErrorCode.ok;
  }

  #getAcl(reader: JuteReader, writer: JuteWriter, context: ReadContext): number {
    const node = this.#tree.getNode(reader.readString() ?? "");
    if (node === undefined) return ErrorCode.noNode;
    const { authInfo } = context;
    if (!this.#mayRead(node, Perms.read | Perms.admin, authInfo)) return ErrorCode.noAuth;
    // Whoever may not change the ACL is not shown the hashes of passwords.
    const isAdmin = this.#mayRead(node, Perms.admin, authInfo);
    const acl = this.#tree.aclOf(node);
    writer.writeInt(acl.length);
    for (const { perms, id } of acl) {
      const isHidden = !isAdmin && id.scheme === "digest";
      writer.writeInt(perms);
      writer.writeString(id.scheme);
      writer.writeString(isHidden ? id.id.replace(/:.*/g, ":x") : id.id);
    }
    writeNodeStat(writer, node);
    return ErrorCode.ok;
  }

  /** Each of the reads succeeds or fails by itself; none sets a watch, whatever it says. */
  #multiRead(reader: JuteReader, writer: JuteWriter, context: ReadContext): number {
    const start = writer.length;
    const unwatched = { authInfo: context.authInfo, watcher: null };
    try {
      for (;;) {
        const type = reader.readInt();
        const isDone = reader.readBool();
        reader.readInt();
        if (isDone) break;
        this.#multiReadOp(type, reader, writer, unwatched);
      }
    } catch (error) {
      writer.rewind(start);
      throw error;
    }
    writeMultiHeader(writer, -1, true, -1);
    return ErrorCode.ok;
  }

  #multiReadOp(type: number, reader: JuteReader, writer: JuteWriter, context: Reading): void {
    const isExtended = this.#keeperNodes !== null && isKeeperMultiRead(type);
    if (type !== OpCode.getData && type !== OpCode.getChildren && !isExtended) {
      throw new WireError(
        "unknown-type",
        `Cannot decode multiRead: operation ${type} is not allowed in it`,
      );
    }
    const start = writer.length;
    writeMultiHeader(writer, type, false, ErrorCode.ok);
    const err = this.#multiReadResult(type, reader, writer, context);
    if (err === ErrorCode.ok) return;
    writer.rewind(start);
    writeMultiHeader(writer, OpCode.error, false, err);
    writer.writeInt(err);
  }

  #multiReadResult(type: number, reader: JuteReader, writer: JuteWriter, context: Reading): number {
    switch (type) {
      case OpCode.getData:
        return this.#getData(reader, writer, context);
      case OpCode.exists:
        return this.#exists(reader, writer, context);
      case OpCode.getChildren:
      case OpCode.getChildren2:
        return this.#getChildren(reader, writer, context, type === OpCode.getChildren2);
      default:
        return this.#keeperRead(type, reader, writer, context);
    }
  }

  #keeperRead(type: number, reader: JuteReader, writer: JuteWriter, context: Reading): number {
    return serveKeeperRead(type, reader, writer, {
      tree: this.#tree,
      mayRead: (node, perms) => this.#mayRead(node, perms, context.authInfo),
      watchChildren: (path) => {
        if (context.watcher !== null) this.#watches.addChild(path, context.watcher);
      },
    });
  }

  /** The session's own ephemeral nodes whose path starts with the prefix. */
  #getEphemerals(reader: JuteReader, writer: JuteWriter, context: ReadContext): number {
    const prefix = reader.readString() ?? "";
    const trimmed = prefix.trim();
    const all = this.#tree.ephemeralsOf(context.sessionId);
    const isAll = trimmed === "" || trimmed === "/";
    const paths = isAll ? all : all.filter((path) => path.startsWith(prefix));
    writer.writeInt(paths.length);
    for (const path of paths) writer.writeString(path);
    return ErrorCode.ok;
  }

  #getAllChildrenNumber(reader: JuteReader, writer: JuteWriter, context: ReadContext): number {
    const path = reader.readString() ?? "";
    const node = this.#tree.getNode(path);
    if (node === undefined) return ErrorCode.noNode;
    if (!this.#mayRead(node, Perms.read, context.authInfo)) return ErrorCode.noAuth;
    writer.writeInt(this.#tree.descendantCount(path));
    return ErrorCode.ok;
  }

  #checkOrRemoveWatches(type: number, reader: JuteReader, watcher: Watcher): number {
    const path = reader.readString() ?? "";
    const watcherType = reader.readInt();
    if (watcherType < WatcherType.children || watcherType > WatcherType.persistentRecursive) {
      throw new WireError("bad-value", `Cannot decode request: watcher type ${watcherType}`);
    }
    const found =
      type === OpCode.checkWatches
        ? this.#watches.has(path, watcherType, watcher)
        : this.#watches.remove(path, watcherType, watcher);
    return found ? ErrorCode.ok : ErrorCode.noWatcher;
  }

  /** Nothing is asked of the node, not even that it is there; events are filtered by its ACL. */
  #addWatch(reader: JuteReader, writer: JuteWriter, watcher: Watcher): number {
    const path = reader.readString() ?? "";
    const mode = reader.readInt();
    if (mode === WatchMode.persistent) this.#watches.addPersistent(path, watcher);
    else if (mode === WatchMode.persistentRecursive) this.#watches.addRecursive(path, watcher);
    else throw new WireError("bad-value", `Cannot decode request: watch mode ${mode}`);
    // The body is an ErrorResponse.
    writer.writeInt(ErrorCode.ok);
    return ErrorCode.ok;
  }
}

/** What ClickHouse puts into a multiRead besides what ZooKeeper allows. */
function isKeeperMultiRead(type: number): boolean {
  return type === OpCode.exists || type === OpCode.getChildren2 || isKeeperRead(type);
}

function tell(watcher: Watcher, type: EventType, path: string): void {
  watcher.process(type, path, missedZxid, noAcl);
}

function writeMultiHeader(writer: JuteWriter, type: number, done: boolean, err: number): void {
  writer.writeInt(type);
  writer.writeBool(done);
  writer.writeInt(err);
}

/** Schemes and names; of a digest identity only the user's name. */
function whoAmI(writer: JuteWriter, authInfo: readonly Id[]): number {
  writer.writeInt(authInfo.length);
  for (const { scheme, id } of authInfo) {
    writer.writeString(scheme);
    writer.writeString(scheme === "digest" ? id.replace(/:.*/s, "") : id);
  }
  return ErrorCode.ok;
}
