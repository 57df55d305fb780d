/**
 * Which nodes end by themselves: the ephemeral nodes of each session, and the paths of containers
 * and TTL nodes, which the leader looks through from time to time. Follows the tree node by node.
 */
import { NodeKind, nodeKind } from "./node-kind.ts";

const noPaths: ReadonlySet<string> = new Set<string>();

/** The nodes of one session. */
interface Estate {
  readonly paths: Set<string>;
  /** Bytes that the paths take in a transaction. */
  pathBytes: number;
}

/** Paths by the kind of their end. */
export class EphemeralIndex {
  readonly #bySession = new Map<bigint, Estate>();
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
    return this.#bySession.get(sessionId)?.paths ?? noPaths;
  }

  /** Bytes that the paths of a session's nodes take in a transaction. */
  pathBytesOf(sessionId: bigint): number {
    return this.#bySession.get(sessionId)?.pathBytes ?? 0;
  }

  add(path: string, ephemeralOwner: bigint): void {
    const kind = nodeKind(ephemeralOwner);
    if (kind === NodeKind.persistent) return;
    if (kind !== NodeKind.ephemeral) {
      this.#reapable.add(path);
      return;
    }
    let estate = this.#bySession.get(ephemeralOwner);
    if (estate === undefined) {
      estate = { paths: new Set(), pathBytes: 0 };
      this.#bySession.set(ephemeralOwner, estate);
    }
    estate.paths.add(path);
    estate.pathBytes += stringBytes(path);
    this.#count += 1;
  }

  remove(path: string, ephemeralOwner: bigint): void {
    const kind = nodeKind(ephemeralOwner);
    if (kind === NodeKind.persistent) return;
    if (kind !== NodeKind.ephemeral) {
      this.#reapable.delete(path);
      return;
    }
    const estate = this.#bySession.get(ephemeralOwner);
    if (estate === undefined || !estate.paths.delete(path)) return;
    estate.pathBytes -= stringBytes(path);
    this.#count -= 1;
    if (estate.paths.size === 0) this.#bySession.delete(ephemeralOwner);
  }
}

/** Bytes of a string field: its length and its UTF-8. */
export function stringBytes(text: string): number {
  return 4 + Buffer.byteLength(text);
}
