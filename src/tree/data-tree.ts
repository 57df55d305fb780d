/**
 * The replicated state: nodes, ACLs, global sessions and their ephemeral nodes (ZooKeeper 3.9
 * `DataTree`, and the session map of `ZKDatabase`). It changes only by `apply`, one transaction at
 * a time in zxid order, so that all servers that applied the same ones are equal, and equal
 * `digest`s show it. A tree is also a `SnapshotSource`: it can be written down slice by slice while
 * it changes, and the log from the first slice on, replayed over what was written, gives the tree.
 *
 * The one exception to "only by apply" is `/zookeeper/config`, which every server writes by itself
 * when it starts; the digest leaves it out.
 */
import { ErrorCode, OpCode, WireError } from "../wire/index.ts";
import type {
  Acl,
  CloseSessionTxn,
  MultiResult,
  MultiTxn,
  SetDataTxn,
  SingleTxn,
  SnapshotNode,
  SnapshotSink,
  SnapshotSource,
  Stat,
  Txn,
  TxnDigest,
  TxnHeader,
} from "../wire/index.ts";
import { digestVersion } from "./digest.ts";
import type { TreeDigest } from "./digest.ts";
import { ownerOf } from "./create-mode.ts";
import type { AnyCreateTxn } from "./create-mode.ts";
import { keeperResults } from "./keeper-results.ts";
import { NodeRestorer } from "./node-restorer.ts";
import { NodeStore } from "./node-store.ts";
import type { ChangeStamp, TreeListener } from "./node-store.ts";
import type { Quotas } from "./quotas.ts";
import { statOf } from "./znode.ts";
import type { ZNode } from "./znode.ts";

/** What a transaction came to; what the reply to its request is made of. */
export interface TxnResult {
  /** 0, the code of an error transaction, or why replay found nothing to do. 0 for every multi. */
  readonly err: number;
  /** Of the created node. */
  readonly path?: string;
  /** create2 and its kin, setData, setACL, reconfig: the node after the transaction. */
  readonly stat?: Stat;
  /** Of a reconfig: the configuration's text, a view of the transaction's. */
  readonly data?: Buffer | null;
  /** Of a multi: one result for each operation, all of them errors when it failed. */
  readonly results?: readonly MultiResult[];
}

/** Path of the node that holds the text of the quorum configuration. */
export const configPath = "/zookeeper/config";

/** Everybody may read it; changing it takes a reconfiguration. */
const configAcl: readonly Acl[] = [{ perms: 1, id: { scheme: "world", id: "anyone" } }];

const emptyStat = {
  czxid: 0n,
  mzxid: 0n,
  pzxid: 0n,
  ctimeMs: 0,
  mtimeMs: 0,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0n,
};

const done: TxnResult = { err: ErrorCode.ok };

/** The state of one server. */
export class DataTree implements SnapshotSource {
  /** Zxid of the last transaction applied, 0 at first. */
  lastProcessedZxid = 0n;
  /** Timeouts in milliseconds, as agreed when the sessions were made. */
  readonly globalSessions = new Map<bigint, number>();
  #store: NodeStore;

  /** A new tree holds `/zookeeper`, `/zookeeper/quota` and `/zookeeper/config`. */
  constructor(listener?: TreeListener) {
    this.#store = new NodeStore();
    this.#store.listener = listener;
    const root = this.#insertEmpty("/", null);
    const zookeeper = this.#insertEmpty("/zookeeper", root);
    this.#insertEmpty("/zookeeper/quota", zookeeper);
    this.#insertConfig(zookeeper);
  }

  /** Digest of all nodes that count, unsigned 64 bits. */
  get digest(): bigint {
    return this.#store.digest.value;
  }

  /** Nodes as ZooKeeper counts them: the root counts twice. */
  get nodeCount(): number {
    return this.#store.nodes.size;
  }

  get ephemeralCount(): number {
    return this.#store.ephemerals.count;
  }

  get approximateDataBytes(): number {
    return this.#store.approximateBytes;
  }

  /** Containers and TTL nodes: those that may have to go without anybody asking. */
  get reapablePaths(): ReadonlySet<string> {
    return this.#store.ephemerals.reapable;
  }

  /** The running sum behind `digest`. */
  get digestSum(): TreeDigest {
    return this.#store.digest;
  }

  /** Quotas, and how much of them is used. */
  get quotas(): Quotas {
    return this.#store.quotas;
  }

  setListener(listener: TreeListener | undefined): void {
    this.#store.listener = listener;
  }

  /** The node at `path`; "" is the root too. */
  getNode(path: string): ZNode | undefined {
    return this.#store.nodes.get(path);
  }

  aclOf(node: ZNode): readonly Acl[] {
    return this.#store.aclOf(node);
  }

  /** Paths of the nodes that go with a session, in order of creation. */
  ephemeralsOf(sessionId: bigint): readonly string[] {
    return Array.from(this.#store.ephemerals.ofSession(sessionId));
  }

  /** Bytes that the paths of a session's nodes take in the transaction that closes it. */
  ephemeralBytesOf(sessionId: bigint): number {
    return this.#store.ephemerals.pathBytesOf(sessionId);
  }

  /** Sessions that own ephemeral nodes. */
  ephemeralOwners(): IterableIterator<bigint> {
    return this.#store.ephemerals.sessions();
  }

  /** How many nodes there are below `path`, at any depth. */
  descendantCount(path: string): number {
    const start = this.getNode(path);
    if (start === undefined) return 0;
    let count = 0;
    const pending = [start];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      count += node.childCount;
      for (const childPath of node.childPaths ?? []) {
        const child = this.getNode(childPath);
        if (child !== undefined && child.childCount > 0) pending.push(child);
      }
    }
    return count;
  }

  /** Whether the tree is what the leader foretold: call after `apply` with the txn's digest. */
  matchesDigest(digest: TxnDigest | null): boolean {
    if (digest === null || digest.version !== digestVersion) return true;
    return digest.treeDigest === this.digest;
  }

  /** Writes the quorum configuration in effect into the tree of this server alone. */
  setConfig(text: Buffer, stamp: ChangeStamp): void {
    if (this.getNode(configPath) === undefined) {
      const zookeeper = this.getNode("/zookeeper");
      if (zookeeper === undefined) return;
      this.#insertConfig(zookeeper);
    }
    this.#store.setData(configPath, text, -1, stamp);
  }

  /**
   * Makes a transaction part of the state. Total: what cannot be done is a result, never a throw.
   * The tree keeps nothing of the buffers in `txn`.
   */
  apply(header: TxnHeader, txn: Txn): TxnResult {
    const result = txn.type === OpCode.multi ? this.#multi(header, txn) : this.#single(header, txn);
    if (header.zxid > this.lastProcessedZxid) this.lastProcessedZxid = header.zxid;
    return result;
  }

  #single(header: TxnHeader, txn: SingleTxn): TxnResult {
    switch (txn.type) {
      case OpCode.create:
        return this.#create(header, txn);
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        return this.#withStat(this.#create(header, txn));
      case OpCode.delete:
      case OpCode.deleteContainer:
        return plain(this.#store.delete(txn.path, header.zxid));
      case OpCode.setData:
        return this.#setData(header, txn);
      case OpCode.reconfig:
        return { ...this.#setData(header, txn), data: txn.data };
      case OpCode.setACL: {
        const err = this.#store.setAcl(txn.path, txn.acl, txn.version);
        return err === 0 ? { err, stat: this.#statAt(txn.path) } : { err };
      }
      case OpCode.createSession:
        this.globalSessions.set(header.clientId, txn.timeoutMs);
        return done;
      case OpCode.closeSession:
        this.#closeSession(header, txn);
        return done;
      case OpCode.check:
        return done;
      case OpCode.error:
        return { err: txn.err };
    }
  }

  #setData(header: TxnHeader, { path, data, version }: SetDataTxn): TxnResult {
    const err = this.#store.setData(path, data, version, header);
    return err === 0 ? { err, stat: this.#statAt(path) } : { err };
  }

  #create(header: TxnHeader, txn: AnyCreateTxn): { err: number; path: string } {
    const owner = ownerOf(txn, header.clientId);
    return { err: this.#store.create(txn, owner, header), path: txn.path };
  }

  #withStat(created: { err: number; path: string }): TxnResult {
    const { err, path } = created;
    return err === 0 ? { err, path, stat: this.#statAt(path) } : created;
  }

  #statAt(path: string): Stat {
    const node = this.getNode(path);
    return node === undefined ? { ...emptyStat, dataLength: 0, numChildren: 0 } : statOf(node);
  }

  /** Deletes what the txn lists and, as logs of 3.5 list nothing, what the session still owns. */
  #closeSession(header: TxnHeader, txn: CloseSessionTxn): void {
    for (const path of txn.paths ?? []) this.#store.delete(path, header.zxid);
    for (const path of this.ephemeralsOf(header.clientId)) this.#store.delete(path, header.zxid);
    this.globalSessions.delete(header.clientId);
  }

  #multi(header: TxnHeader, txn: MultiTxn): TxnResult {
    const firstError = txn.txns.findIndex((part) => part.type === OpCode.error);
    if (firstError === -1) {
      return { err: 0, results: keeperResults(txn, this.#parts(header, txn)) };
    }
    // Apache's leaders log the operations before the failing one as they are: they count for 0.
    const results = txn.txns.map((part, index): MultiResult => {
      const skipped = index > firstError ? ErrorCode.runtimeInconsistency : ErrorCode.ok;
      return { type: OpCode.error, err: part.type === OpCode.error ? part.err : skipped };
    });
    return { err: 0, results };
  }

  #parts(header: TxnHeader, txn: MultiTxn): MultiResult[] {
    return txn.txns.map((part) => this.#part(header, part));
  }

  #part(header: TxnHeader, txn: SingleTxn): MultiResult {
    const { err, path, stat } = this.#single(header, txn);
    if (err !== 0) return { type: OpCode.error, err };
    if (path !== undefined) {
      if (stat === undefined) return { type: OpCode.create, path };
      return { type: OpCode.create2, path, stat };
    }
    if (stat !== undefined) return { type: OpCode.setData, stat };
    return { type: txn.type === OpCode.check ? OpCode.check : OpCode.delete };
  }

  /** Part of `SnapshotSource`. */
  sessions(): readonly (readonly [sessionId: bigint, timeoutMs: number])[] {
    return Array.from(this.globalSessions);
  }

  /** Part of `SnapshotSource`. */
  acls(): readonly (readonly [index: number, acl: readonly Acl[]])[] {
    return this.#store.acls.list();
  }

  /**
   * Part of `SnapshotSource`. The tree may change between two steps: a node's children are those it
   * had when it was visited itself, less those gone before their turn. Each node is to be written
   * down before the next step.
   */
  *nodes(): IterableIterator<SnapshotNode> {
    const walk = [[""].values()];
    for (let level = walk.at(-1); level !== undefined; level = walk.at(-1)) {
      const next = level.next();
      if (next.done === true) {
        walk.pop();
        continue;
      }
      const path = next.value;
      const node = this.getNode(path);
      if (node === undefined) continue;
      if (node.childPaths !== null) walk.push(Array.from(node.childPaths).values());
      yield { path, data: node.data, aclIndex: node.aclIndex, stat: node };
    }
  }

  /**
   * Builds a tree from a snapshot: feed `sink`, then call `finish` with the zxid at which writing
   * the snapshot began. Both throw `WireError` when the nodes do not make a tree.
   */
  static restore(): { sink: SnapshotSink; finish(lastProcessedZxid: bigint): DataTree } {
    const tree = new DataTree();
    const store = new NodeStore();
    const nodes = new NodeRestorer(store);
    const sink: SnapshotSink = {
      session: (sessionId, timeoutMs) => {
        tree.globalSessions.set(sessionId, timeoutMs);
      },
      acl: (index, acl) => {
        store.acls.define(index, acl);
      },
      node: (node) => {
        nodes.restore(node);
      },
    };
    const finish = (lastProcessedZxid: bigint): DataTree => {
      if (!store.nodes.has("/")) {
        throw new WireError("bad-value", "Cannot restore snapshot: it has no root node");
      }
      store.acls.purgeUnused();
      store.quotas.restore();
      tree.#store = store;
      tree.lastProcessedZxid = lastProcessedZxid;
      return tree;
    };
    return { sink, finish };
  }

  #insertEmpty(path: string, parent: ZNode | null): ZNode {
    const data = Buffer.alloc(0);
    const node = this.#store.newNode(path, emptyStat, data);
    this.#store.insert(path, parent, node);
    return node;
  }

  #insertConfig(zookeeper: ZNode): void {
    this.#insertEmpty(configPath, zookeeper);
    this.#store.setAcl(configPath, configAcl, -1);
  }
}

function plain(err: number): TxnResult {
  return err === 0 ? done : { err };
}
