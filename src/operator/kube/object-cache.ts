/**
 * What a controller knows of the cluster: one reflector for each type of object and each namespace,
 * or one per type for all namespaces. It is complete or not at all: who reads it before `hasSynced`
 * would take what has not come yet for what does not exist.
 */

import { assertDefined } from "../../base/index.ts";
import { keyOf, nameOf } from "./kube-object.ts";
import type { KubeObject, ObjectName, ResourceType } from "./kube-object.ts";
import { Reflector } from "./reflector.ts";
import type { ReflectorDependencies } from "./reflector.ts";

/** What to know. */
export interface ObjectCacheOptions {
  readonly types: readonly CachedType[];
  /** Empty for the whole cluster. */
  readonly namespaces: readonly string[];
  /** An object came, changed or went. It must not throw. */
  readonly onChange: (type: ResourceType, name: ObjectName) => void;
}

/** A type of objects, or those of them that have some labels. */
export interface CachedType {
  readonly type: ResourceType;
  readonly labelSelector?: string;
}

/** How far a cache is behind the cluster, as far as it can know. */
export interface Freshness {
  readonly hasSynced: boolean;
  /** The longest time for which one of its watches has heard nothing, not even a bookmark. */
  readonly silentForMs: number;
}

/** A cache of several types. */
export class ObjectCache implements Freshness {
  /** By `plural`, and in there by namespace; "" stands for all namespaces. */
  readonly #reflectors = new Map<string, Map<string, Reflector>>();

  constructor(dependencies: ReflectorDependencies, options: ObjectCacheOptions) {
    const { types, namespaces, onChange } = options;
    for (const { type, labelSelector } of types) {
      const byNamespace = new Map<string, Reflector>();
      for (const namespace of namespaces.length === 0 ? [""] : namespaces) {
        const selection = {
          ...(namespace === "" ? {} : { namespace }),
          ...(labelSelector === undefined ? {} : { labelSelector }),
        };
        const handler = (key: string): void => onChange(type, nameOf(key));
        const reflector = new Reflector(dependencies, { type, selection, onChange: handler });
        byNamespace.set(namespace, reflector);
      }
      this.#reflectors.set(type.plural, byNamespace);
    }
  }

  get hasSynced(): boolean {
    return this.#all().every((reflector) => reflector.hasSynced);
  }

  get silentForMs(): number {
    return Math.max(...this.#all().map((reflector) => reflector.silentForMs));
  }

  /** The object as it was last seen; frozen. */
  get(type: ResourceType, name: ObjectName): KubeObject | undefined {
    const byNamespace = this.#of(type);
    const reflector = byNamespace.get("") ?? byNamespace.get(name.namespace ?? "");
    return reflector?.store.get(keyOf(name));
  }

  /** All objects of a type. */
  all(type: ResourceType): KubeObject[] {
    return [...this.#of(type).values()].flatMap((reflector) => reflector.store.all());
  }

  /** Begins; once in the life of a cache. */
  start(): void {
    for (const reflector of this.#all()) reflector.start();
  }

  /** Ends it for good; `onChange` is not called after the promise resolves. */
  async stop(): Promise<void> {
    await Promise.all(this.#all().map((reflector) => reflector.stop()));
  }

  #of(type: ResourceType): Map<string, Reflector> {
    return assertDefined(this.#reflectors.get(type.plural), "The cache holds the type");
  }

  #all(): Reflector[] {
    return [...this.#reflectors.values()].flatMap((reflectors) => [...reflectors.values()]);
  }
}
