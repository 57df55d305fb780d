/**
 * Which nodes are to go without a client asking for it (ZooKeeper 3.9 `ContainerManager`):
 * containers that their last child has left, and TTL nodes that nobody has changed or put a child
 * under for their time to live. Only a leader asks; when it asks, and how fast it removes what is
 * due, is its driver's business.
 */
import type { StatPersisted } from "../wire/index.ts";
import { NodeKind, nodeKind, ttlOf } from "./node-kind.ts";

/** What the question needs to know of a node; `cversion` is the stored one. */
type Mortal = Pick<StatPersisted, "cversion" | "mtimeMs" | "ephemeralOwner"> & {
  readonly childCount: number;
};

/**
 * Whether a node is to be removed at the wall clock's `nowMs`.
 *
 * @param unusedMsMax how long a container may wait for its first child, in ms; 0 is for ever.
 */
export function isDue(node: Mortal, nowMs: number, unusedMsMax: number): boolean {
  if (node.childCount > 0) return false;
  const ageMs = nowMs - node.mtimeMs;
  switch (nodeKind(node.ephemeralOwner)) {
    case NodeKind.container:
      return node.cversion > 0 || (unusedMsMax !== 0 && ageMs > unusedMsMax);
    case NodeKind.ttl:
      return ageMs > ttlOf(node.ephemeralOwner);
    default:
      return false;
  }
}
