/**
 * Turns requests into transactions: the leader's half of every write (ZooKeeper 3.9
 * `PrepRequestProcessor`). A request is checked against the tree as it will be after everything
 * proposed before it; what comes out says only what to do, or that the request failed, which all
 * servers learn in the same way. The order of the checks decides which error a client sees, and is
 * ZooKeeper's. Sessions are not checked here, and neither is who may send internal operations
 * (createSession, deleteContainer): whoever calls has done so, and has `refuse` for the outcome.
 */
import {
  ErrorCode,
  JuteReader,
  OpCode,
  Perms,
  WireError,
  formatQuorumConfig,
  isCreateOp,
  isKeeperWrite,
  isValidPath,
  readCreateRequest,
  readKeeperOp,
  readMultiRequest,
  readPathRequest,
  readPathVersionRequest,
  readReconfigRequest,
  readSetAclRequest,
  readSetDataRequest,
} from "../wire/index.ts";
import type {
  CreateOp,
  CreateRequest,
  ErrorTxn,
  KeeperOp,
  MultiOp,
  MultiTxn,
  PathVersionRequest,
  ReconfigRequest,
  SetAclRequest,
  SetDataRequest,
  SingleTxn,
  Txn,
} from "../wire/index.ts";
import { defaultAclSchemes, fixAcl, isAllowed } from "./acl.ts";
import {
  createModeProblem,
  createTxn,
  formatSequence,
  hasKnownFlags,
  isEphemeral,
  isSequential,
  multiCreateType,
  ownerOf,
} from "./create-mode.ts";
import { configPath } from "./data-tree.ts";
import type { DataTree } from "./data-tree.ts";
import { digestVersion } from "./digest.ts";
import { isDue } from "./due-nodes.ts";
import { failedMulti, failure, firstError } from "./failures.ts";
import { isKeeperPath, prepareKeeperOp } from "./keeper-prepare.ts";
import type { PlainPreparer } from "./keeper-prepare.ts";
import { Limits, noLimits } from "./limits.ts";
import { nextConfig } from "./next-config.ts";
import { NodeKind, nodeKind } from "./node-kind.ts";
import { PendingChanges } from "./pending-changes.ts";
import type { PendingNode } from "./pending-changes.ts";
import type {
  PrepareOptions,
  PrepareRequest,
  PreparedTxn,
  ReconfigGate,
} from "./prepare-request.ts";

/** Nodes that nobody can delete. */
const permanentPaths: ReadonlySet<string> = new Set([
  "/",
  "/zookeeper",
  "/zookeeper/quota",
  configPath,
]);

/** The fields of a request that its checks need besides its body. */
type RequestContext = Omit<PrepareRequest, "type" | "body">;

/** The leader's view of the future, one request at a time. */
export class Preparer {
  readonly #changes: PendingChanges;
  readonly #limits: Limits;
  readonly #reconfigGate: ReconfigGate | undefined;
  readonly #clickHouse: boolean;
  readonly #skipAcl: boolean;
  readonly #extendedTypesEnabled: boolean;
  readonly #aclSchemes: ReadonlySet<string>;
  readonly #reader = new JuteReader();

  constructor(tree: DataTree, options: PrepareOptions) {
    this.#changes = new PendingChanges(tree);
    this.#limits = new Limits(tree, options.limits ?? noLimits);
    this.#skipAcl = options.skipAcl;
    this.#extendedTypesEnabled = options.extendedTypesEnabled ?? false;
    this.#reconfigGate = options.reconfig;
    this.#clickHouse = options.clickHouse ?? false;
    this.#aclSchemes = options.aclSchemes ?? defaultAclSchemes;
  }

  /** How many changes of nodes are proposed and not applied yet. */
  get pendingCount(): number {
    return this.#changes.count;
  }

  /**
   * Makes the transaction for a request and counts on its being applied. A request that fails, or
   * cannot be decoded, becomes an error transaction; nothing is thrown for it.
   */
  prepare(request: PrepareRequest): PreparedTxn {
    const txn = this.#decodeAndPrepare(request);
    if (txn.type === OpCode.error) return this.refuse(request, txn.err);
    const { sessionId, cxid, zxid, timeMs } = request;
    return {
      header: { clientId: sessionId, cxid, zxid, timeMs, type: txn.type },
      txn,
      digest: { version: digestVersion, treeDigest: this.#changes.digest },
    };
  }

  /** The error transaction for a request that fails for reasons outside of the tree. */
  refuse(request: PrepareRequest, err: number): PreparedTxn {
    const { sessionId, cxid, zxid, timeMs } = request;
    return {
      header: { clientId: sessionId, cxid, zxid, timeMs, type: OpCode.error },
      txn: failure(err),
      digest: null,
    };
  }

  /** Says that the tree has applied everything up to `zxid`. */
  applied(zxid: bigint): void {
    this.#changes.applied(zxid);
    this.#limits.applied(zxid);
  }

  #decodeAndPrepare(request: PrepareRequest): Txn {
    const { type, body } = request;
    const clickHouse = this.#clickHouse;
    const reader = this.#reader.reset(body, 0, body.length);
    try {
      if (isCreateOp(type)) {
        const create = readCreateRequest(reader, type === OpCode.createTTL);
        return this.#create(request, type, create);
      }
      switch (type) {
        case OpCode.delete:
          return this.#delete(request, readPathVersionRequest(reader));
        case OpCode.deleteContainer:
          return this.#deleteContainer(request, readPathRequest(reader));
        case OpCode.setData:
          return this.#setData(request, readSetDataRequest(reader));
        case OpCode.setACL:
          return this.#setAcl(request, readSetAclRequest(reader));
        case OpCode.multi:
          return this.#multi(request, readMultiRequest(reader, clickHouse));
        case OpCode.createSession:
          return { type, timeoutMs: reader.readInt() };
        case OpCode.closeSession:
          return this.#closeSession(request);
        case OpCode.reconfig:
          return this.#reconfig(request, readReconfigRequest(reader));
        default:
          if (!clickHouse || !isKeeperWrite(type)) return failure(ErrorCode.unimplemented);
          return firstError(this.#multi(request, [readKeeperOp(reader, type)]));
      }
    } catch (error) {
      if (error instanceof WireError) return failure(ErrorCode.marshallingError);
      throw error;
    }
  }

  #create(context: RequestContext, type: CreateOp, request: CreateRequest): SingleTxn {
    const { flags, data } = request;
    const modeProblem = createModeProblem(type, request, this.#extendedTypesEnabled);
    if (modeProblem !== 0) return failure(modeProblem);
    const { ephemeralErr = 0 } = context;
    if (ephemeralErr !== 0 && isEphemeral(flags)) return failure(ephemeralErr);
    if (!hasParentPath(request.path)) return failure(ErrorCode.badArguments);
    if (this.#clickHouse && isKeeperPath(request.path)) return failure(ErrorCode.badArguments);
    const acl = fixAcl(request.acl, context.authInfo, this.#aclSchemes);
    if (acl === null) return failure(ErrorCode.invalidAcl);
    const parent = this.#changes.parentOf(request.path);
    if (parent === undefined) return failure(ErrorCode.noNode);
    if (!this.#mayDo(parent, Perms.create, context)) return failure(ErrorCode.noAuth);
    const path = isSequential(flags)
      ? request.path + formatSequence(parent.cversion)
      : request.path;
    if (!isValidPath(path)) return failure(ErrorCode.badArguments);
    if (this.#changes.get(path) !== undefined) return failure(ErrorCode.nodeExists);
    if (nodeKind(parent.ephemeralOwner) === NodeKind.ephemeral) {
      return failure(ErrorCode.noChildrenForEphemerals);
    }
    const node = { path, data, acl, parentCVersion: (parent.cversion + 1) | 0 };
    const txn = createTxn(type, node, request);
    const owner = ownerOf(txn, context.sessionId);
    const length = data === null ? 0 : data.length;
    if (!this.#limits.allowsNode(path, length, owner)) return failure(ErrorCode.quotaExceeded);
    this.#limits.created(context.zxid, path, length, owner);
    this.#changes.create(parent, txn, owner, context);
    return txn;
  }

  #delete(context: RequestContext, request: PathVersionRequest): SingleTxn {
    const { path } = request;
    if (!hasParentPath(path) || permanentPaths.has(path)) return failure(ErrorCode.badArguments);
    const parent = this.#changes.parentOf(path);
    if (parent === undefined) return failure(ErrorCode.noNode);
    if (!this.#mayDo(parent, Perms.delete, context)) return failure(ErrorCode.noAuth);
    const node = this.#changes.get(path);
    if (node === undefined) return failure(ErrorCode.noNode);
    if (!isVersion(request.version, node.version)) return failure(ErrorCode.badVersion);
    if (node.childCount > 0) return failure(ErrorCode.notEmpty);
    this.#remove(parent, node, context.zxid);
    return { type: OpCode.delete, path };
  }

  /** The leader's own request: removes a container or TTL node, not an ordinary one. */
  #deleteContainer(context: RequestContext, path: string): SingleTxn {
    if (!hasParentPath(path) || permanentPaths.has(path)) return failure(ErrorCode.badArguments);
    const node = this.#changes.get(path);
    if (node === undefined) return failure(ErrorCode.noNode);
    if (node.childCount > 0) return failure(ErrorCode.notEmpty);
    const kind = nodeKind(node.ephemeralOwner);
    if (kind !== NodeKind.container && kind !== NodeKind.ttl) return failure(ErrorCode.badVersion);
    // Changed by what was proposed since it was found to be due: its time begins anew.
    if (kind === NodeKind.ttl && !isDue(node, context.timeMs, 0)) {
      return failure(ErrorCode.badVersion);
    }
    const parent = this.#changes.parentOf(path);
    if (parent === undefined) return failure(ErrorCode.noNode);
    this.#remove(parent, node, context.zxid);
    return { type: OpCode.deleteContainer, path };
  }

  #setData(context: RequestContext, request: SetDataRequest): SingleTxn {
    const { path, data } = request;
    const node = this.#checked(path, Perms.write, context);
    if (typeof node === "number") return failure(node);
    const growth = (data === null ? 0 : data.length) - node.dataLength;
    if (!this.#limits.allowsGrowth(path, growth)) return failure(ErrorCode.quotaExceeded);
    if (!isVersion(request.version, node.version)) return failure(ErrorCode.badVersion);
    const version = (node.version + 1) | 0;
    this.#limits.grew(context.zxid, path, growth);
    this.#changes.setData(node, data, version, context);
    return { type: OpCode.setData, path, data, version };
  }

  #setAcl(context: RequestContext, request: SetAclRequest): SingleTxn {
    const { path } = request;
    if (!isValidPath(path)) return failure(ErrorCode.badArguments);
    const acl = fixAcl(request.acl, context.authInfo, this.#aclSchemes);
    if (acl === null) return failure(ErrorCode.invalidAcl);
    const node = this.#checked(path, Perms.admin, context);
    if (typeof node === "number") return failure(node);
    if (!isVersion(request.version, node.aversion)) return failure(ErrorCode.badVersion);
    const version = (node.aversion + 1) | 0;
    this.#changes.setAcl(node, acl, version, context.zxid);
    return { type: OpCode.setACL, path, acl, version };
  }

  #check(context: RequestContext, request: PathVersionRequest): SingleTxn {
    const { path } = request;
    const node = this.#checked(path, Perms.read, context);
    if (typeof node === "number") return failure(node);
    if (!isVersion(request.version, node.version)) return failure(ErrorCode.badVersion);
    return { type: OpCode.check, path, version: (node.version + 1) | 0 };
  }

  /** The access list is asked last: who may not change the members learns what is wrong first. */
  #reconfig(context: RequestContext, request: ReconfigRequest): SingleTxn {
    const gate = this.#reconfigGate;
    if (gate === undefined) return failure(ErrorCode.reconfigDisabled);
    const problem = gate.problem();
    if (problem !== ErrorCode.ok) return failure(problem);
    const { votersMin } = gate;
    const next = nextConfig(request, { current: gate.current(), version: context.zxid, votersMin });
    if (typeof next === "number") return failure(next);
    const refusal = gate.refusal(next);
    if (refusal !== ErrorCode.ok) return failure(refusal);
    const node = this.#checked(configPath, Perms.write, context);
    if (typeof node === "number") return failure(node);
    const data = Buffer.from(formatQuorumConfig(next), "utf8");
    this.#changes.setData(node, data, -1, context);
    return { type: OpCode.reconfig, path: configPath, data, version: -1 };
  }

  /** All operations or none: after a failure the pending changes are what they were before. */
  #multi(context: RequestContext, ops: readonly (MultiOp | KeeperOp)[]): MultiTxn | ErrorTxn {
    if (!ops.every(hasKnownFlags)) return failure(ErrorCode.marshallingError);
    const txns: SingleTxn[] = [];
    this.#changes.begin();
    for (const [index, op] of ops.entries()) {
      const made = isKeeperOp(op)
        ? prepareKeeperOp(this.#lend(context), op)
        : this.#multiOp(context, op);
      const parts = Array.isArray(made) ? made : [made];
      const [first] = parts;
      if (first?.type === OpCode.error) {
        this.#changes.rollback();
        this.#limits.takeBack(context.zxid);
        return { type: OpCode.multi, txns: failedMulti(ops.length, index, first) };
      }
      txns.push(...parts);
    }
    this.#changes.commit();
    return { type: OpCode.multi, txns };
  }

  #multiOp(context: RequestContext, op: MultiOp): SingleTxn {
    switch (op.type) {
      case OpCode.delete:
        return this.#delete(context, op.request);
      case OpCode.check:
        return this.#check(context, op.request);
      case OpCode.setData:
        return this.#setData(context, op.request);
      default:
        return this.#create(context, multiCreateType(op.type, op.request.flags), op.request);
    }
  }

  #closeSession(context: RequestContext): SingleTxn {
    const paths = this.#changes.ephemeralsOf(context.sessionId);
    for (const path of paths) {
      const node = this.#changes.get(path);
      const parent = this.#changes.parentOf(path);
      if (node === undefined || parent === undefined) continue;
      this.#remove(parent, node, context.zxid);
    }
    return { type: OpCode.closeSession, paths };
  }

  /** The means of this preparer, for one request. */
  #lend(context: RequestContext): PlainPreparer {
    return {
      get: (path) => this.#changes.get(path),
      subtree: (path) => this.#changes.subtree(path),
      mayDo: (node, perms) => this.#mayDo(node, perms, context),
      create: (request) => this.#create(context, OpCode.create, request),
      delete: (request) => this.#delete(context, request),
      remove: (parent, node) => {
        this.#remove(parent, node, context.zxid);
      },
      isPermanent: (path) => permanentPaths.has(path),
    };
  }

  #remove(parent: PendingNode, node: PendingNode, zxid: bigint): void {
    this.#limits.deleted(zxid, node);
    this.#changes.delete(parent, node, zxid);
  }

  /** The node at a valid path if the client has one of `perms` there, else the error code. */
  #checked(path: string, perms: number, context: RequestContext): PendingNode | number {
    if (!isValidPath(path)) return ErrorCode.badArguments;
    const node = this.#changes.get(path);
    if (node === undefined) return ErrorCode.noNode;
    return this.#mayDo(node, perms, context) ? node : ErrorCode.noAuth;
  }

  #mayDo(node: PendingNode, perms: number, context: RequestContext): boolean {
    return this.#skipAcl || isAllowed(node.acl, perms, context.authInfo);
  }
}

function isKeeperOp(op: MultiOp | KeeperOp): op is KeeperOp {
  return isKeeperWrite(op.type);
}

/** The first, coarse check of a path; the rest of it may still be wrong. */
function hasParentPath(path: string): boolean {
  return path.includes("/") && !path.includes("\0");
}

function isVersion(expected: number, current: number): boolean {
  return expected === -1 || expected === current;
}
