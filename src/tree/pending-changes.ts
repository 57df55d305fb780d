/**
 * The tree as it will be once everything proposed has been applied (ZooKeeper 3.9 `ChangeRecord`s
 * in `PrepRequestProcessor`). The leader checks each request against this future: the newest
 * pending record of a path counts, and without one the tree itself. Records leave when their
 * transaction has been applied, because from then on the tree says the same. The digest of the
 * future tree is kept along, since proposals carry it.
 *
 * Invariants: records are queued in zxid order; `#newest` holds the last queued record of each
 * path that has one; with an empty queue the future digest is the tree's.
 */
import { assert } from "../base/index.ts";
import { parentPath } from "../wire/index.ts";
import type { Acl, StatPersisted } from "../wire/index.ts";
import type { DataTree } from "./data-tree.ts";
import { TreeDigest, contentChecksum, nodeDigest } from "./digest.ts";
import { newStat } from "./node-store.ts";
import type { ChangeStamp, NewNode } from "./node-store.ts";

/** A node as it will be after the transaction `zxid`. */
export interface PendingNode extends StatPersisted {
  readonly path: string;
  zxid: bigint;
  /** False when the transaction deletes the node. */
  exists: boolean;
  childCount: number;
  acl: readonly Acl[];
  dataLength: number;
  contentCrc: number;
  /** What the node adds to the tree's digest, in `[0, 2^32)`. */
  digest: number;
}

/** Zxid of a record that only repeats what the tree says. */
const unchanged = -1n;

/** How many records of the past the queue may carry before it is made shorter. */
const deadRecordsMax = 1024;

/** The changes between the tree and its future. */
export class PendingChanges {
  readonly #tree: DataTree;
  readonly #newest = new Map<string, PendingNode>();
  readonly #digest = new TreeDigest();
  #queue: PendingNode[] = [];
  #head = 0;
  /** While a multi is being prepared: what each path had before, to be able to take it back. */
  #undo: { path: string; before: PendingNode | undefined }[] | null = null;
  readonly #digestBefore = new TreeDigest();

  constructor(tree: DataTree) {
    this.#tree = tree;
  }

  /** How many records wait for their transaction. */
  get count(): number {
    return this.#queue.length - this.#head;
  }

  /** Digest of the future tree, unsigned 64 bits. */
  get digest(): bigint {
    this.#sync();
    return this.#digest.value;
  }

  /**
   * The node at `path` in the future, or undefined. The record is the caller's to read only;
   * it changes through the methods below.
   */
  get(path: string): PendingNode | undefined {
    const pending = this.#newest.get(path === "" ? "/" : path);
    if (pending !== undefined) return pending.exists ? pending : undefined;
    const node = this.#tree.getNode(path);
    if (node === undefined) return undefined;
    return {
      path: path === "" ? "/" : path,
      zxid: unchanged,
      exists: true,
      childCount: node.childCount,
      acl: this.#tree.aclOf(node),
      dataLength: node.dataLength,
      contentCrc: node.contentCrc,
      digest: node.digest,
      czxid: node.czxid,
      mzxid: node.mzxid,
      pzxid: node.pzxid,
      ctimeMs: node.ctimeMs,
      mtimeMs: node.mtimeMs,
      version: node.version,
      cversion: node.cversion,
      aversion: node.aversion,
      ephemeralOwner: node.ephemeralOwner,
    };
  }

  /** A node will be created under `parent`. */
  create(parent: PendingNode, node: NewNode, ephemeralOwner: bigint, stamp: ChangeStamp): void {
    const { path, data, acl, parentCVersion } = node;
    const above = this.#change(parent, stamp.zxid);
    above.childCount += 1;
    above.cversion = parentCVersion;
    above.pzxid = stamp.zxid;
    this.#rate(above);
    const created: PendingNode = {
      path,
      zxid: stamp.zxid,
      exists: true,
      childCount: 0,
      acl: acl ?? [],
      dataLength: data === null ? 0 : data.length,
      contentCrc: contentChecksum(path, data),
      digest: 0,
      ...newStat(ephemeralOwner, stamp),
    };
    this.#put(created);
    this.#rate(created);
  }

  /** A node will be deleted. */
  delete(parent: PendingNode, node: PendingNode, zxid: bigint): void {
    const above = this.#change(parent, zxid);
    above.childCount -= 1;
    if (above.pzxid !== zxid) {
      above.pzxid = zxid;
      this.#rate(above);
    }
    const gone = this.#change(node, zxid);
    gone.exists = false;
    this.#digest.replace(gone.digest, 0);
    gone.digest = 0;
  }

  /** A node will have other data, in `version`. */
  setData(node: PendingNode, data: Buffer | null, version: number, stamp: ChangeStamp): void {
    const changed = this.#change(node, stamp.zxid);
    changed.dataLength = data === null ? 0 : data.length;
    changed.contentCrc = contentChecksum(changed.path, data);
    changed.version = version;
    changed.mzxid = stamp.zxid;
    changed.mtimeMs = stamp.timeMs;
    this.#rate(changed);
  }

  /** A node will have another ACL, in `aversion`. */
  setAcl(node: PendingNode, acl: readonly Acl[], aversion: number, zxid: bigint): void {
    const changed = this.#change(node, zxid);
    changed.acl = acl;
    changed.aversion = aversion;
    this.#rate(changed);
  }

  /** Paths of the nodes that a session will own. */
  ephemeralsOf(sessionId: bigint): string[] {
    const paths = new Set(this.#tree.ephemeralsOf(sessionId));
    for (const [path, node] of this.#newest) {
      if (node.exists && node.ephemeralOwner === sessionId) paths.add(path);
      else paths.delete(path);
    }
    return Array.from(paths);
  }

  /** Paths of the nodes that will be at and below `path`, in no order. */
  subtree(path: string): string[] {
    const paths = new Set<string>();
    const pending = [path];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const node = this.#tree.getNode(next);
      if (node === undefined) continue;
      paths.add(next);
      for (const childPath of node.childPaths ?? []) pending.push(childPath);
    }
    for (const [changed, { exists }] of this.#newest) {
      if (!exists) paths.delete(changed);
      else if (changed === path || changed.startsWith(`${path}/`)) paths.add(changed);
    }
    return Array.from(paths);
  }

  /** The record of the parent of `path`, or undefined. */
  parentOf(path: string): PendingNode | undefined {
    return this.get(parentPath(path));
  }

  /** Forgets the changes of transactions up to `zxid`: the tree has them now. */
  applied(zxid: bigint): void {
    let head = this.#head;
    for (; head < this.#queue.length; head++) {
      const record = this.#queue[head]!;
      if (record.zxid > zxid) break;
      if (this.#newest.get(record.path) === record) this.#newest.delete(record.path);
    }
    this.#head = head;
    if (head === this.#queue.length) {
      this.#queue.length = 0;
      this.#head = 0;
    } else if (head > deadRecordsMax && head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(head);
      this.#head = 0;
    }
  }

  /** From now on changes can be taken back, until `commit` or `rollback`. */
  begin(): void {
    assert(this.#undo === null, "Multis do not nest");
    this.#sync();
    this.#digestBefore.copyFrom(this.#digest);
    this.#undo = [];
  }

  /** Keeps the changes since `begin`. */
  commit(): void {
    assert(this.#undo !== null, "A commit ends what has begun");
    this.#undo = null;
  }

  /** Takes back the changes since `begin`. */
  rollback(): void {
    const undo = this.#undo;
    assert(undo !== null, "A rollback ends what has begun");
    for (let entry = undo.pop(); entry !== undefined; entry = undo.pop()) {
      if (entry.before === undefined) this.#newest.delete(entry.path);
      else this.#newest.set(entry.path, entry.before);
      this.#queue.pop();
    }
    this.#undo = null;
    this.#digest.copyFrom(this.#digestBefore);
  }

  /** The record to write a change of transaction `zxid` into, queued. */
  #change(node: PendingNode, zxid: bigint): PendingNode {
    if (node.zxid === zxid) return node;
    if (node.zxid !== unchanged) {
      const copy = { ...node, zxid };
      this.#put(copy);
      return copy;
    }
    node.zxid = zxid;
    this.#put(node);
    return node;
  }

  #put(node: PendingNode): void {
    this.#sync();
    this.#undo?.push({ path: node.path, before: this.#newest.get(node.path) });
    this.#queue.push(node);
    this.#newest.set(node.path, node);
  }

  /** Brings a node's digest, and so that of the future tree, up to date. */
  #rate(node: PendingNode): void {
    const digest = nodeDigest(node.contentCrc, node);
    this.#digest.replace(node.digest, digest);
    node.digest = digest;
  }

  /** Without pending changes the future is the present. */
  #sync(): void {
    if (this.count === 0) this.#digest.copyFrom(this.#tree.digestSum);
  }
}
