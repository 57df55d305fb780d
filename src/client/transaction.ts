/**
 * The operations of a multi as users write them, and their translation to and from the protocol's.
 * Single creates take the same way, so that both choose opcode and flags alike.
 */
import { CreateMode, ErrorCode, OpCode, openAcl, pathProblem } from "../wire/index.ts";
import type { Acl, CreateOp, CreateRequest, MultiOp, MultiResult, Stat } from "../wire/index.ts";
import type { Chroot } from "./chroot.ts";
import type { CreateModeName } from "./client-options.ts";
import { MultiError, ZkError } from "./zk-error.ts";

/** What nodes hold, as users give it; strings are stored as UTF-8. */
export type NodeData = string | Uint8Array | null;

/** Creates a node; the options are those of `EnsembleClient.create`. */
export interface CreateNode {
  readonly type: "create";
  readonly path: string;
  /** @default empty */
  readonly data?: NodeData;
  readonly mode?: CreateModeName;
  readonly acl?: readonly Acl[];
  readonly ttlMs?: number;
}

/** One operation of a multi. A version of -1, the default, matches any. */
export type TransactionOp =
  | CreateNode
  | { readonly type: "delete"; readonly path: string; readonly version?: number }
  | {
      readonly type: "setData";
      readonly path: string;
      readonly data: NodeData;
      readonly version?: number;
    }
  | { readonly type: "check"; readonly path: string; readonly version: number };

/** The result of the operation at the same index. */
export type TransactionResult =
  | { readonly type: "create"; readonly path: string; readonly stat: Stat }
  | { readonly type: "setData"; readonly stat: Stat }
  | { readonly type: "delete" }
  | { readonly type: "check" };

/** The bytes of a node's data. */
export function encodeData(data: NodeData): Buffer | null {
  if (data === null) return null;
  if (typeof data === "string") return Buffer.from(data, "utf8");
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** @throws ZkError `badArguments` when `path` cannot be a node's. */
export function checkPath(action: string, path: string): void {
  const problem = pathProblem(path);
  if (problem === undefined) return;
  const reason = `the path is not valid: ${problem}`;
  throw ZkError.because("badArguments", action, { path, reason });
}

/**
 * The protocol's form of a create.
 *
 * @param wantsStat whether the reply must carry a Stat.
 * @throws ZkError `badArguments` for an invalid path, or a TTL without its mode or the reverse.
 */
export function encodeCreate(
  node: CreateNode,
  chroot: Chroot,
  wantsStat: boolean,
): { readonly type: CreateOp; readonly request: CreateRequest } {
  const mode = node.mode ?? "persistent";
  const { path, ttlMs } = node;
  // The server appends a number: "/queue/" is fine as the start of a sequential node's path.
  const isSequential = mode.toLowerCase().includes("sequential");
  checkPath("create", isSequential ? `${path}0` : path);
  const hasTtlMode = mode === "persistentWithTtl" || mode === "persistentSequentialWithTtl";
  if (hasTtlMode !== (ttlMs !== undefined)) {
    const reason = hasTtlMode ? `mode '${mode}' needs 'ttlMs'` : `mode '${mode}' has no 'ttlMs'`;
    throw ZkError.because("badArguments", "create", { path, reason });
  }
  const plainType = wantsStat ? OpCode.create2 : OpCode.create;
  const type = mode === "container" ? OpCode.createContainer : plainType;
  const request = {
    path: isSequential ? chroot.toServerPrefix(path) : chroot.toServer(path),
    data: encodeData(node.data ?? Buffer.alloc(0)),
    acl: node.acl ?? openAcl,
    flags: CreateMode[mode],
    ttlMs,
  };
  return { type: hasTtlMode ? OpCode.createTTL : type, request };
}

/** The protocol's form of a multi's operations. @throws ZkError `badArguments` */
export function encodeTransaction(ops: readonly TransactionOp[], chroot: Chroot): MultiOp[] {
  return ops.map((op): MultiOp => {
    if (op.type === "create") return encodeCreate(op, chroot, true);
    checkPath(op.type, op.path);
    const path = chroot.toServer(op.path);
    const version = op.version ?? -1;
    if (op.type === "setData") {
      return { type: OpCode.setData, request: { path, data: encodeData(op.data), version } };
    }
    return {
      type: op.type === "delete" ? OpCode.delete : OpCode.check,
      request: { path, version },
    };
  });
}

/** @throws MultiError when the multi failed. */
export function decodeTransaction(
  ops: readonly TransactionOp[],
  results: readonly MultiResult[],
  chroot: Chroot,
): TransactionResult[] {
  const errs = results.map((result) => (result.type === OpCode.error ? result.err : ErrorCode.ok));
  if (errs.some((err) => err !== ErrorCode.ok)) {
    throw new MultiError(
      errs,
      ops.map((op) => op.path),
    );
  }
  return results.map((result, index) => {
    const op = ops[index];
    if (op?.type === "create" && result.type === OpCode.create2) {
      return { type: "create", path: chroot.toClient(result.path), stat: result.stat };
    }
    if (op?.type === "setData" && result.type === OpCode.setData) {
      return { type: "setData", stat: result.stat };
    }
    if (op?.type === "delete" && result.type === OpCode.delete) return { type: "delete" };
    if (op?.type === "check" && result.type === OpCode.check) return { type: "check" };
    const reason = `result ${index} does not belong to operation '${op?.type ?? "none"}'`;
    throw ZkError.because("marshallingError", "commit multi", { path: op?.path, reason });
  });
}
