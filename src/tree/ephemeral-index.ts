/**
 * Which nodes end by themselves: the ephemeral nodes of each session, and the paths of containers
 * and TTL nodes, which the leader looks through from time to time. Follows the tree node by node.
 */
import { NodeKind, nodeKind } from "./node-kind.ts";

const noPaths: ReadonlySet<string> = new Set<string>();

/** Paths by the kind of their end. */
export class EphemeralIndex {
  readonly #bySession = new Map<bigint, Set<string>>();
  readonly #reapable = new Set<string>();
  #count = 0;

  /** How many ephemeral nodes there are. */
  get count(): number {
    return this.#count;
  }

  /** Paths of all containers and TTL nodes. */
  get reapable(): ReadonlySet<string> {
    return this.#reapable;
  }

  /** Sessions that own nodes. */
  sessions(): IterableIterator<bigint> {
    return this.#bySession.keys();
  }

  /** The nodes of a session; follows later changes. */
  ofSession(sessionId: bigint): ReadonlySet<string> {
    return this.#bySession.get(sessionId) ?? noPaths;
  }

  add(path: string, ephemeralOwner: bigint): void {
    const kind = nodeKind(ephemeralOwner);
    if (kind === NodeKind.persistent) return;
    if (kind !== NodeKind.ephemeral) {
      this.#reapable.add(path);
      return;
    }
    const paths = this.#bySession.get(ephemeralOwner);
    if (paths === undefined) this.#bySession.set(ephemeralOwner, new Set([path]));
    else paths.add(path);
    this.#count += 1;
  }

  remove(path: string, ephemeralOwner: bigint): void {
    const kind = nodeKind(ephemeralOwner);
    if (kind === NodeKind.persistent) return;
    if (kind !== NodeKind.ephemeral) {
      this.#reapable.delete(path);
      return;
    }
    const paths = this.#bySession.get(ephemeralOwner);
    if (paths === undefined || !paths.delete(path)) return;
    this.#count -= 1;
    if (paths.size === 0) this.#bySession.delete(ephemeralOwner);
  }
}
