/**
 * Transactions for ClickHouse Keeper's operations (ClickHouse 26, `KeeperStorage` preprocessing),
 * made of parts that every ZooKeeper server can apply: creations, deletions, and `check` parts,
 * which change nothing. An operation that finds nothing to do is a check alone. What a client is to
 * be told beyond success is in marked checks, see `KeeperMark`.
 */
import { ErrorCode, KeeperOpCode, OpCode, Perms, parentPath } from "../wire/index.ts";
import type {
  CheckVersionTxn,
  CreateRequest,
  ErrorTxn,
  KeeperOp,
  PathVersionRequest,
  SingleTxn,
  Stat,
} from "../wire/index.ts";
import { failure } from "./failures.ts";
import { KeeperMark } from "./keeper-results.ts";
import { visibleOwner } from "./node-kind.ts";
import type { PendingNode } from "./pending-changes.ts";

/** Bytes that the paths of one recursive removal may take: it has to fit in a transaction. */
const removalBytesMax = 512 * 1024;

/** ClickHouse Keeper's own folder, whose content no client changes. */
const keeperFolder = "/keeper";

/** What the preparer of ZooKeeper's operations lends. */
export interface PlainPreparer {
  /** The node at `path` in the future. */
  get(path: string): PendingNode | undefined;
  /** Paths of the future nodes at and below `path`. */
  subtree(path: string): string[];
  mayDo(node: PendingNode, perms: number): boolean;
  create(request: CreateRequest): SingleTxn;
  delete(request: PathVersionRequest): SingleTxn;
  /** Deletes without any checks. */
  remove(parent: PendingNode, node: PendingNode): void;
  isPermanent(path: string): boolean;
}

/** The parts of the transaction for `op`, or its error. */
export function prepareKeeperOp(plain: PlainPreparer, op: KeeperOp): SingleTxn[] | ErrorTxn {
  if (isKeeperPath(op.request.path)) return failure(ErrorCode.badArguments);
  switch (op.type) {
    case KeeperOpCode.createIfNotExists: {
      const txn = plain.create(op.request);
      if (txn.type !== OpCode.error) return [txn];
      if (txn.err !== ErrorCode.nodeExists) return txn;
      return [check(op.request.path, KeeperMark.present)];
    }
    case KeeperOpCode.tryRemove: {
      const txn = plain.delete(op.request);
      if (txn.type !== OpCode.error) return [txn];
      return isNothingToRemove(txn.err) ? [check(op.request.path)] : txn;
    }
    case KeeperOpCode.removeRecursive:
      return removeRecursive(plain, op.request.path, op.request.nodesMax);
    case KeeperOpCode.checkNotExists:
    case KeeperOpCode.checkStat: {
      const err = checkOp(plain, op);
      return err === ErrorCode.ok ? [check(op.request.path)] : failure(err);
    }
  }
}

/** Whether a path belongs to what the server shows of itself. */
export function isKeeperPath(path: string): boolean {
  return path === keeperFolder || path.startsWith(`${keeperFolder}/`);
}

function removeRecursive(
  plain: PlainPreparer,
  path: string,
  nodesMax: number,
): SingleTxn[] | ErrorTxn {
  const parent = plain.get(parentPath(path));
  if (!path.startsWith("/") || plain.isPermanent(path)) return failure(ErrorCode.badArguments);
  if (parent === undefined) return [check(path)];
  if (!plain.mayDo(parent, Perms.delete)) return failure(ErrorCode.noAuth);
  const paths = plain.subtree(path);
  const bytes = paths.reduce((sum, each) => sum + Buffer.byteLength(each), 0);
  if (paths.length > nodesMax || bytes > removalBytesMax) return failure(ErrorCode.notEmpty);
  // A child's path is longer than its parent's.
  paths.sort((left, right) => right.length - left.length);
  const nodes = paths.map((each) => plain.get(each)).filter((node) => node !== undefined);
  if (!nodes.every((node) => plain.mayDo(node, Perms.delete))) return failure(ErrorCode.noAuth);
  const txns: SingleTxn[] = [check(path, KeeperMark.removal)];
  for (const node of nodes) {
    const above = plain.get(parentPath(node.path));
    const current = plain.get(node.path);
    if (above === undefined || current === undefined) continue;
    plain.remove(above, current);
    txns.push({ type: OpCode.delete, path: node.path });
  }
  txns.push(check(path, KeeperMark.endOfRemoval));
  return txns;
}

function checkOp(
  plain: PlainPreparer,
  op: Extract<KeeperOp, { request: PathVersionRequest }>,
): number {
  const { path, version } = op.request;
  const node = plain.get(path);
  if (node !== undefined && !plain.mayDo(node, Perms.read)) return ErrorCode.noAuth;
  const isVersion = node !== undefined && (version === -1 || version === node.version);
  if (op.type === KeeperOpCode.checkNotExists) {
    return isVersion ? ErrorCode.nodeExists : ErrorCode.ok;
  }
  if (node === undefined) return ErrorCode.noNode;
  if (!isVersion) return ErrorCode.badVersion;
  if (op.type !== KeeperOpCode.checkStat) return ErrorCode.ok;
  return hasStat(node, op.request.stat) ? ErrorCode.ok : ErrorCode.badVersion;
}

/** Whether all fields are as wanted; -1 stands for any value. */
function hasStat(node: PendingNode, wanted: Stat): boolean {
  const actual: Stat = {
    ...node,
    cversion: (node.cversion * 2 - node.childCount) | 0,
    ephemeralOwner: visibleOwner(node.ephemeralOwner),
    numChildren: node.childCount,
  };
  return (Object.keys(wanted) as (keyof Stat)[]).every(
    (field) => Number(wanted[field]) === -1 || wanted[field] === actual[field],
  );
}

/** Where ZooKeeper's delete fails, and a removal that is only tried is content. */
function isNothingToRemove(err: number): boolean {
  return err === ErrorCode.noNode || err === ErrorCode.badVersion || err === ErrorCode.notEmpty;
}

function check(path: string, version = 0): CheckVersionTxn {
  return { type: OpCode.check, path, version };
}
