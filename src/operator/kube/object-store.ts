/**
 * The objects of one type as a reflector knows them, by key. Every object in it is frozen: it is
 * shared by all who read it. What changes is told by keys alone; who wants the object looks here.
 */

import { deepFreeze, keyOf } from "./kube-object.ts";
import type { KubeObject } from "./kube-object.ts";

/** Reading a store. */
export interface ObjectReader {
  get(key: string): KubeObject | undefined;
  all(): readonly KubeObject[];
}

/** A store; the reflector alone writes to it. */
export class ObjectStore implements ObjectReader {
  #objects = new Map<string, KubeObject>();

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  all(): readonly KubeObject[] {
    return [...this.#objects.values()];
  }

  /** Takes one object in. Answers whether it differs from what was there. */
  put(object: KubeObject): boolean {
    const key = keyOf(object.metadata);
    const isNew = !isSameVersion(this.#objects.get(key), object);
    if (isNew) this.#objects.set(key, deepFreeze(object));
    return isNew;
  }

  /** Answers whether there was one. */
  delete(key: string): boolean {
    return this.#objects.delete(key);
  }

  /** Holds exactly `objects` from now on. Answers the keys of all that came, changed or went. */
  replace(objects: readonly KubeObject[]): string[] {
    const previous = this.#objects;
    this.#objects = new Map();
    const changed: string[] = [];
    for (const object of objects) {
      const key = keyOf(object.metadata);
      const before = previous.get(key);
      const isSame = isSameVersion(before, object);
      this.#objects.set(key, before !== undefined && isSame ? before : deepFreeze(object));
      if (!isSame) changed.push(key);
    }
    for (const key of previous.keys()) if (!this.#objects.has(key)) changed.push(key);
    return changed;
  }
}

/** Versions are only ever compared for being the same: their order means nothing to clients. */
function isSameVersion(before: KubeObject | undefined, after: KubeObject): boolean {
  return (
    before?.metadata.uid === after.metadata.uid &&
    before.metadata.resourceVersion === after.metadata.resourceVersion
  );
}
