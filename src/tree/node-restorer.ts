/**
 * Puts the nodes of a snapshot into an empty store, one after the other. What a map of a million
 * paths costs is the search in it, so there is one for each node: a parent is remembered for its
 * next child, since siblings mostly follow each other, and a node that occurs twice is noticed
 * by the size of the map.
 */
import { WireError, parentPath } from "../wire/index.ts";
import type { SnapshotNode } from "../wire/index.ts";
import type { NodeStore } from "./node-store.ts";
import type { ZNode } from "./znode.ts";

export class NodeRestorer {
  readonly #store: NodeStore;
  #parentPath = "";
  #parent: ZNode | undefined;

  constructor(store: NodeStore) {
    this.#store = store;
  }

  /** @throws WireError when the node was there already, or its parent is not: give the store up. */
  restore(node: SnapshotNode): void {
    const { path, data } = node;
    const parent = path === "" ? null : this.#parentOf(path);
    if (parent === undefined) {
      const problem = `"${path}" comes before its parent`;
      throw new WireError("bad-value", `Cannot restore snapshot: ${problem}`);
    }
    const restored = this.#store.newNode(path, node.stat, data);
    restored.aclIndex = this.#store.acls.reuse(node.aclIndex);
    const count = this.#store.nodes.size;
    this.#store.insert(path, parent, restored);
    if (this.#store.nodes.size === count) {
      throw new WireError("bad-value", `Cannot restore snapshot: "${path}" occurs twice`);
    }
  }

  #parentOf(path: string): ZNode | undefined {
    const wanted = parentPath(path);
    if (wanted !== this.#parentPath) {
      this.#parentPath = wanted;
      this.#parent = this.#store.nodes.get(wanted);
    }
    return this.#parent;
  }
}
