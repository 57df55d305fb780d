/**
 * What the nodes should be: a second, plain implementation of the tree's rules, fed with the
 * requests of clients in the order in which they were decided. It keeps every state that a node
 * ever had, so that a reply can be checked against the very moment that it speaks of.
 */
import { ErrorCode } from "../../../src/wire/index.ts";
import type { CreateOp, MemberRequest, NodeOp, WriteRequest } from "./request.ts";

/** A node as a client is shown it. */
export interface ModelNode {
  readonly data: string;
  readonly czxid: bigint;
  readonly mzxid: bigint;
  readonly pzxid: bigint;
  readonly version: number;
  /** Children ever created: sequence numbers come from it. */
  readonly created: number;
  readonly childCount: number;
  /** The session that it goes with; 0 for none. */
  readonly owner: bigint;
}

/** What one operation came to. */
export interface OpOutcome {
  readonly err: number;
  /** Of a created node. */
  readonly path?: string;
  /** The node after it was created or set. */
  readonly node?: ModelNode;
}

export interface Outcome extends OpOutcome {
  /** Of a multi that succeeded. */
  readonly results?: readonly OpOutcome[];
  /** Of a reconfiguration: the next one. */
  readonly text?: string;
}

/** What changes nodes. */
type TreeRequest = Exclude<WriteRequest, MemberRequest>;

interface State {
  readonly zxid: bigint;
  readonly node: ModelNode | null;
}

export type ChangeKind = "data" | "children";

const root: ModelNode = {
  data: "",
  czxid: 0n,
  mzxid: 0n,
  pzxid: 0n,
  version: 0,
  // ZooKeeper's own node below the root was never created.
  created: 0,
  childCount: 1,
  owner: 0n,
};

export class ModelTree {
  /** All states of each path that ever was, oldest first. */
  readonly #states = new Map<string, State[]>([["/", [{ zxid: 0n, node: root }]]]);
  /** When a node's data or existence changed, and when its children did. */
  readonly #changes = new Map<string, bigint[]>();
  readonly #bySession = new Map<bigint, Set<string>>();
  /** What the transaction at hand has changed so far. */
  #draft = new Map<string, ModelNode | null>();

  get sessions(): ReadonlyMap<bigint, ReadonlySet<string>> {
    return this.#bySession;
  }

  hasSession(id: bigint): boolean {
    return this.#bySession.has(id);
  }

  openSession(id: bigint): void {
    this.#bySession.set(id, new Set());
  }

  /** The session's nodes go with it. */
  closeSession(id: bigint, zxid: bigint): void {
    for (const path of this.#bySession.get(id) ?? []) this.#remove(path, zxid);
    this.#bySession.delete(id);
    this.#commit(zxid);
  }

  /** Carries out a session's request as transaction `zxid`. */
  apply(sessionId: bigint, request: TreeRequest, zxid: bigint): Outcome {
    if (!this.hasSession(sessionId)) return { err: ErrorCode.sessionExpired };
    if (request.kind === "close") {
      this.closeSession(sessionId, zxid);
      return { err: 0 };
    }
    const ops = request.kind === "multi" ? request.ops : [request];
    const results: OpOutcome[] = [];
    for (const op of ops) {
      const outcome = this.#applyOp(sessionId, op, zxid);
      if (outcome.err !== 0) {
        this.#draft.clear();
        return { err: outcome.err };
      }
      results.push(outcome);
    }
    this.#commit(zxid);
    return request.kind === "multi" ? { err: 0, results } : results[0]!;
  }

  /** The node at `path` as of `zxid`. */
  at(path: string, zxid: bigint): ModelNode | undefined {
    return lastUpTo(this.#states.get(path), zxid)?.node ?? undefined;
  }

  /** The first change of a kind at `path` in `(after, upTo]`. */
  changeBetween(path: string, kind: ChangeKind, after: bigint, upTo: bigint): bigint | undefined {
    const changes = this.#changes.get(`${kind}:${path}`);
    // Most questions are about the latest changes.
    const first = changes?.findLastIndex((zxid) => zxid <= after) ?? -1;
    const next = changes?.[first + 1];
    return next !== undefined && next <= upTo ? next : undefined;
  }

  /** All paths that there are as of `zxid`. */
  pathsAt(zxid: bigint): string[] {
    return [...this.#states.keys()].filter((path) => this.at(path, zxid) !== undefined);
  }

  #applyOp(sessionId: bigint, op: NodeOp, zxid: bigint): OpOutcome {
    if (op.kind === "create") return this.#create(sessionId, op, zxid);
    const node = this.#get(op.path);
    if (node === null) return { err: ErrorCode.noNode };
    if (op.version !== -1 && op.version !== node.version) return { err: ErrorCode.badVersion };
    switch (op.kind) {
      case "check":
        return { err: 0 };
      case "set": {
        const version = node.version + 1;
        const changed = { ...node, data: op.data, mzxid: zxid, version };
        this.#draft.set(op.path, changed);
        return { err: 0, node: changed };
      }
      case "delete":
        if (node.childCount > 0) return { err: ErrorCode.notEmpty };
        this.#remove(op.path, zxid);
        return { err: 0 };
    }
  }

  #create(sessionId: bigint, op: CreateOp, zxid: bigint): OpOutcome {
    const parentPath = parentOf(op.path);
    const parent = this.#get(parentPath);
    if (parent === null) return { err: ErrorCode.noNode };
    const suffix = op.isSequential ? String(parent.created).padStart(10, "0") : "";
    const path = op.path + suffix;
    if (this.#get(path) !== null) return { err: ErrorCode.nodeExists };
    if (parent.owner !== 0n) return { err: ErrorCode.noChildrenForEphemerals };
    const node: ModelNode = {
      data: op.data,
      czxid: zxid,
      mzxid: zxid,
      pzxid: zxid,
      version: 0,
      created: 0,
      childCount: 0,
      owner: op.isEphemeral ? sessionId : 0n,
    };
    this.#draft.set(path, node);
    this.#draft.set(parentPath, {
      ...parent,
      pzxid: zxid,
      created: parent.created + 1,
      childCount: parent.childCount + 1,
    });
    return { err: 0, path, node };
  }

  #remove(path: string, zxid: bigint): void {
    if (this.#get(path) === null) return;
    this.#draft.set(path, null);
    const parentPath = parentOf(path);
    const parent = this.#get(parentPath);
    if (parent === null) return;
    this.#draft.set(parentPath, { ...parent, pzxid: zxid, childCount: parent.childCount - 1 });
  }

  #get(path: string): ModelNode | null {
    const drafted = this.#draft.get(path);
    return drafted !== undefined ? drafted : (this.#states.get(path)?.at(-1)?.node ?? null);
  }

  #commit(zxid: bigint): void {
    for (const [path, node] of this.#draft) {
      const states = listOf(this.#states, path);
      const before = states.at(-1)?.node ?? null;
      states.push({ zxid, node });
      if (before?.mzxid !== node?.mzxid || before?.czxid !== node?.czxid) {
        listOf(this.#changes, `data:${path}`).push(zxid);
        // Who watches the children is told of the end of their parent, too.
        if (node === null) listOf(this.#changes, `children:${path}`).push(zxid);
      }
      if (before !== null && node !== null && before.pzxid !== node.pzxid) {
        listOf(this.#changes, `children:${path}`).push(zxid);
      }
      if (before !== null && before.czxid !== node?.czxid) {
        this.#bySession.get(before.owner)?.delete(path);
      }
      if (node !== null) this.#bySession.get(node.owner)?.add(path);
    }
    this.#draft.clear();
  }
}

function parentOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end === 0 ? "/" : path.slice(0, end);
}

function lastUpTo(states: readonly State[] | undefined, zxid: bigint): State | undefined {
  return states?.findLast((state) => state.zxid <= zxid);
}

function listOf<T>(lists: Map<string, T[]>, key: string): T[] {
  let list = lists.get(key);
  if (list === undefined) {
    list = [];
    lists.set(key, list);
  }
  return list;
}
