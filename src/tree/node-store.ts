/**
 * The nodes of the tree and the four ways to change them. Every operation is total and idempotent
 * in the way that replaying a log over a fuzzy snapshot needs (ZooKeeper 3.9 `DataTree`): nodes
 * may already exist, be gone, or come from a later moment than the transaction; after the whole
 * log has been replayed the store equals the one that wrote the snapshot. Nothing is checked here:
 * that was done when the transaction was prepared.
 *
 * Invariants: every node but the root is in its parent's `childPaths` and the other way round;
 * `digest` is the sum of the nodes' digests, each of which is up to date; every ACL index has as
 * many uses in the table as there are nodes with it.
 */
import { ErrorCode, EventType, parentPath } from "../wire/index.ts";
import type { Acl, StatPersisted } from "../wire/index.ts";
import { AclTable } from "./acl-table.ts";
import { TreeDigest, contentChecksum } from "./digest.ts";
import { EphemeralIndex } from "./ephemeral-index.ts";
import { Quotas } from "./quotas.ts";
import { StatPages } from "./stat-pages.ts";
import { ZNode } from "./znode.ts";

/** Hears of every change, during `apply` and in order. */
export interface TreeListener {
  /**
   * A node was created, deleted or got data, or a node's children changed. `acl` is the ACL that
   * governs the node at `path`, or governed it until now: whoever lacks READ in it is not told.
   */
  changed(type: EventType, path: string, zxid: bigint, acl: readonly Acl[]): void;
}

/** A node to be created. */
export interface NewNode {
  readonly path: string;
  readonly data: Buffer | null;
  readonly acl: readonly Acl[] | null;
  /** The parent's stored cversion after the creation; -1: one more than now. */
  readonly parentCVersion: number;
}

/** When and by which transaction a change is made. */
export interface ChangeStamp {
  readonly zxid: bigint;
  readonly timeMs: number;
}

/** A map of nodes by path, with everything that follows from them. */
export class NodeStore {
  /** By full path; the root is under "/" and under "", its name in snapshots. */
  readonly nodes = new Map<string, ZNode>();
  readonly acls = new AclTable();
  readonly #stats = new StatPages();
  readonly ephemerals = new EphemeralIndex();
  readonly digest = new TreeDigest();
  readonly quotas: Quotas;
  listener: TreeListener | undefined;
  #bytes = 0;

  constructor() {
    this.quotas = new Quotas({
      nodes: this.nodes,
      rewrite: (node, data) => {
        this.#bytes += data.length - node.dataLength;
        node.setData(data, node.contentCrc);
      },
    });
  }

  /** Sum of the lengths of all paths (in UTF-16 units) and values (in bytes). */
  get approximateBytes(): number {
    return this.#bytes;
  }

  aclOf(node: ZNode): readonly Acl[] {
    return this.acls.get(node.aclIndex);
  }

  /**
   * Creates a node. Returns an error code: `noNode` without a parent; `nodeExists` when replay
   * comes upon a node of a later moment, which then keeps its place and takes the ACL.
   */
  create(node: NewNode, ephemeralOwner: bigint, stamp: ChangeStamp): number {
    const { path, data } = node;
    const parentName = parentPath(path);
    const parent = this.nodes.get(parentName);
    if (parent === undefined) return ErrorCode.noNode;
    const aclIndex = this.acls.acquire(node.acl);
    const existing = this.nodes.get(path);
    this.#countCreation(parent, node.parentCVersion, stamp.zxid);
    if (existing !== undefined) {
      this.acls.release(existing.aclIndex);
      existing.aclIndex = aclIndex;
      return ErrorCode.nodeExists;
    }
    const stat = newStat(ephemeralOwner, stamp);
    const created = this.newNode(path, stat, data);
    created.aclIndex = aclIndex;
    this.#add(path, parent, created);
    this.quotas.created(path, created);
    if (this.listener !== undefined) {
      const parentAcl = this.aclOf(parent);
      this.listener.changed(EventType.nodeCreated, path, stamp.zxid, this.aclOf(created));
      this.listener.changed(EventType.nodeChildrenChanged, parentName, stamp.zxid, parentAcl);
    }
    return ErrorCode.ok;
  }

  /** Deletes a node; returns `noNode` when it or its parent is not there. */
  delete(path: string, zxid: bigint): number {
    if (path === "/" || path === "") return ErrorCode.noNode;
    const parentName = parentPath(path);
    const parent = this.nodes.get(parentName);
    if (parent === undefined) return ErrorCode.noNode;
    // Also without the node: a snapshot may show the parent before a deletion and miss the child.
    if (zxid > parent.pzxid) {
      parent.pzxid = zxid;
      this.#refreshDigest(parent);
    }
    const node = this.nodes.get(path);
    if (node === undefined) return ErrorCode.noNode;
    const acl = this.aclOf(node);
    this.#removeSubtree(path, node);
    removeChild(parent, path);
    if (this.listener !== undefined) {
      this.listener.changed(EventType.nodeDeleted, path, zxid, acl);
      const parentAcl = this.aclOf(parent);
      this.listener.changed(EventType.nodeChildrenChanged, parentName, zxid, parentAcl);
    }
    return ErrorCode.ok;
  }

  /** Replaces a node's data; `version` is the version afterwards. Returns `noNode` without it. */
  setData(path: string, data: Buffer | null, version: number, stamp: ChangeStamp): number {
    const node = this.nodes.get(path);
    if (node === undefined) return ErrorCode.noNode;
    const lengthBefore = node.dataLength;
    node.setData(data, contentChecksum(path, data));
    const growth = node.dataLength - lengthBefore;
    this.#bytes += growth;
    this.quotas.grew(path, growth);
    node.mtimeMs = stamp.timeMs;
    node.mzxid = stamp.zxid;
    node.version = version;
    this.#refreshDigest(node);
    this.listener?.changed(EventType.nodeDataChanged, path, stamp.zxid, this.aclOf(node));
    return ErrorCode.ok;
  }

  /** Replaces a node's ACL; `version` is the aversion afterwards. Returns `noNode` without it. */
  setAcl(path: string, acl: readonly Acl[] | null, version: number): number {
    const node = this.nodes.get(path);
    if (node === undefined) return ErrorCode.noNode;
    const aclIndex = this.acls.acquire(acl);
    this.acls.release(node.aclIndex);
    node.aclIndex = aclIndex;
    node.aversion = version;
    this.#refreshDigest(node);
    return ErrorCode.ok;
  }

  /** A node for this store, still without an ACL and a place. Copies `stat` and `data`. */
  newNode(path: string, stat: Readonly<StatPersisted>, data: Buffer | null): ZNode {
    return new ZNode(this.#stats, stat, data, contentChecksum(path, data));
  }

  /** Puts a node in its place as it is, without touching its parent's stat. */
  insert(path: string, parent: ZNode | null, node: ZNode): void {
    if (parent !== null) {
      this.#add(path, parent, node);
      return;
    }
    this.nodes.set("", node);
    this.nodes.set("/", node);
    this.#bytes += 1 + node.dataLength;
    this.#refreshDigest(node);
  }

  /** A replayed creation that is older than the parent's own stat changes nothing. */
  #countCreation(parent: ZNode, parentCVersion: number, zxid: bigint): void {
    const cversion = parentCVersion === -1 ? (parent.cversion + 1) | 0 : parentCVersion;
    if (cversion <= parent.cversion) return;
    parent.cversion = cversion;
    parent.pzxid = zxid;
    this.#refreshDigest(parent);
  }

  #add(path: string, parent: ZNode, node: ZNode): void {
    this.nodes.set(path, node);
    parent.childPaths ??= new Set();
    parent.childPaths.add(path);
    this.ephemerals.add(path, node.ephemeralOwner);
    this.#bytes += path.length + node.dataLength;
    this.#refreshDigest(node);
  }

  /**
   * Only replay meets a node that still has children: they come from a later moment and will be
   * created again by the log. Left behind, they would never find their way into a parent.
   */
  #removeSubtree(path: string, node: ZNode): void {
    const paths = [path];
    const doomed = [node];
    for (let at = 0; at < doomed.length; at++) {
      const base = paths[at]!;
      const current = doomed[at]!;
      for (const childPath of current.childPaths ?? []) {
        const child = this.nodes.get(childPath);
        if (child === undefined) continue;
        paths.push(childPath);
        doomed.push(child);
      }
      this.nodes.delete(base);
      this.acls.release(current.aclIndex);
      this.ephemerals.remove(base, current.ephemeralOwner);
      this.#bytes -= base.length + current.dataLength;
      this.digest.replace(current.digest, 0);
      this.quotas.deleted(base, current);
      current.giveBack(this.#stats);
    }
  }

  #refreshDigest(node: ZNode): void {
    const before = node.digest;
    this.digest.replace(before, node.refreshDigest());
  }
}

/** The stat of a node that has just been created. */
export function newStat(ephemeralOwner: bigint, stamp: ChangeStamp): StatPersisted {
  return {
    czxid: stamp.zxid,
    mzxid: stamp.zxid,
    pzxid: stamp.zxid,
    ctimeMs: stamp.timeMs,
    mtimeMs: stamp.timeMs,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner,
  };
}

function removeChild(parent: ZNode, path: string): void {
  const { childPaths } = parent;
  if (childPaths === null) return;
  childPaths.delete(path);
  // A parent that has seen its last child gives the set's memory back.
  if (childPaths.size === 0) parent.childPaths = null;
}
