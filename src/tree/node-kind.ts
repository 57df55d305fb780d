/**
 * What the `ephemeralOwner` field of a node says (ZooKeeper 3.9 `EphemeralType`): nothing, the
 * session that the node dies with, that the node is a container, or a time to live. Only a real
 * session is shown to clients. TTL owners have the high byte 0xff and two zero bytes after it;
 * no session gets such an id as long as server ids stay below 255.
 */
import { containerOwner } from "../wire/index.ts";

/** How a node ends. */
export const NodeKind = { persistent: 0, ephemeral: 1, container: 2, ttl: 3 } as const;
export type NodeKind = (typeof NodeKind)[keyof typeof NodeKind];

const ttlMark = 0xff0000n;
const ttlMask = (1n << 40n) - 1n;

/** Longest time to live, in milliseconds: about 34 years. */
export const ttlMsMax = 2 ** 40 - 1;

export function nodeKind(ephemeralOwner: bigint): NodeKind {
  if (ephemeralOwner === 0n) return NodeKind.persistent;
  if (ephemeralOwner > 0n) return NodeKind.ephemeral;
  if (ephemeralOwner === containerOwner) return NodeKind.container;
  return BigInt.asUintN(64, ephemeralOwner) >> 40n === ttlMark ? NodeKind.ttl : NodeKind.ephemeral;
}

/** The owner field of a node that lives `ttlMs`, which is in `[1, ttlMsMax]`. */
export function ttlOwner(ttlMs: number): bigint {
  return BigInt.asIntN(64, (ttlMark << 40n) | BigInt(ttlMs));
}

/** Milliseconds that a TTL node may stay unchanged and without children. */
export function ttlOf(ephemeralOwner: bigint): number {
  return Number(ephemeralOwner & ttlMask);
}

/** The owner as clients see it: 0 unless a session owns the node. */
export function visibleOwner(ephemeralOwner: bigint): bigint {
  return nodeKind(ephemeralOwner) === NodeKind.ephemeral ? ephemeralOwner : 0n;
}
