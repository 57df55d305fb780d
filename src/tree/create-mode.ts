/**
 * What the flags of a creation mean (ZooKeeper 3.9 `CreateMode`, and the checks of
 * `PrepRequestProcessor` and `MultiOperationRecord` on them): the kind of node, whether its name is
 * numbered, and the transaction that makes it.
 */
import { CreateMode, ErrorCode, OpCode, containerOwner, isCreateOp } from "../wire/index.ts";
import type { CreateOp, CreateRequest, KeeperOp, MultiOp, SingleTxn } from "../wire/index.ts";
import { ttlMsMax, ttlOwner } from "./node-kind.ts";
import type { NewNode } from "./node-store.ts";

/** A transaction that creates a node, of any kind. */
export type AnyCreateTxn = Extract<SingleTxn, { readonly parentCVersion: number }>;

/** Whether flags, time to live and operation fit together: an error code, 0 when they do. */
export function createModeProblem(
  type: CreateOp,
  request: CreateRequest,
  extendedTypesEnabled: boolean,
): number {
  const { flags, ttlMs = -1 } = request;
  if (flags < CreateMode.persistent || flags > CreateMode.persistentSequentialWithTtl) {
    return ErrorCode.badArguments;
  }
  const hasTtl = flags >= CreateMode.persistentWithTtl;
  if (hasTtl && !extendedTypesEnabled) return ErrorCode.unimplemented;
  const isFitting = hasTtl ? ttlMs >= 1 && ttlMs <= ttlMsMax : ttlMs < 0;
  // A createTTL without a time to live would be a transaction that no server can apply.
  const isOfType = type === OpCode.createTTL ? hasTtl : !hasTtl;
  return isFitting && isOfType ? ErrorCode.ok : ErrorCode.badArguments;
}

/** Flags that ZooKeeper finds wrong while it decodes a multi, and so fails it as a whole. */
export function hasKnownFlags(op: MultiOp | KeeperOp): boolean {
  if (!isCreateOp(op.type) || op.type === OpCode.createTTL) return true;
  const { flags } = op.request as CreateRequest;
  return flags >= CreateMode.persistent && flags <= CreateMode.container;
}

/** Inside a multi the flags decide what kind of creation it is. */
export function multiCreateType(type: CreateOp, flags: number): CreateOp {
  if (flags === CreateMode.container) return OpCode.createContainer;
  if (type !== OpCode.createTTL || flags >= CreateMode.persistentWithTtl) return type;
  return OpCode.create;
}

/** Whether the parent's counter is to be added to the name. */
export function isSequential(flags: number): boolean {
  return (
    flags === CreateMode.persistentSequential ||
    flags === CreateMode.ephemeralSequential ||
    flags === CreateMode.persistentSequentialWithTtl
  );
}

/** Whether a node created with these flags goes with its session. */
export function isEphemeral(flags: number): boolean {
  return flags === CreateMode.ephemeral || flags === CreateMode.ephemeralSequential;
}

/** Ten digits; the counter is a signed 32-bit integer and the sign counts as a digit. */
export function formatSequence(count: number): string {
  return count < 0 ? `-${String(-count).padStart(9, "0")}` : String(count).padStart(10, "0");
}

/** The transaction for a creation that has passed all checks; `node` has the final path. */
export function createTxn(type: CreateOp, node: NewNode, request: CreateRequest): AnyCreateTxn {
  const { path, data, acl, parentCVersion } = node;
  const { flags, ttlMs = 0 } = request;
  switch (type) {
    case OpCode.createContainer:
      return { type, path, data, acl, parentCVersion };
    case OpCode.createTTL:
      return { type, path, data, acl, parentCVersion, ttlMs };
    default:
      return { type, path, data, acl, ephemeral: isEphemeral(flags), parentCVersion };
  }
}

/** The `ephemeralOwner` of the node that a transaction creates. */
export function ownerOf(txn: AnyCreateTxn, sessionId: bigint): bigint {
  if (txn.type === OpCode.createContainer) return containerOwner;
  if (txn.type === OpCode.createTTL) return ttlOwner(txn.ttlMs);
  return txn.ephemeral ? sessionId : 0n;
}
