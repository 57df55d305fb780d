/**
 * Kubernetes objects as plain JSON. The typed classes of client libraries drop the fields that they
 * do not know, so that reading and writing back erases them; here an object keeps all it came with.
 */

import { KubeError } from "./kube-error.ts";

/** A kind of object, as the paths of the API name it. */
export interface ResourceType {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The name in paths, such as `statefulsets`. */
  readonly plural: string;
}

/** The name of one object; no namespace for objects of the whole cluster. */
export interface ObjectName {
  readonly namespace?: string;
  readonly name: string;
}

/** An object to be sent. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectName & Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** An object as the API server holds it. */
export interface KubeObject extends Manifest {
  readonly metadata: Manifest["metadata"] & {
    readonly uid: string;
    readonly resourceVersion: string;
  };
}

/** The path of all objects of a type, in one namespace or in all. */
export function collectionPath(type: ResourceType, namespace?: string): string {
  const root = type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const scope = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${type.plural}`;
}

/** The path of one object. */
export function objectPath(type: ResourceType, name: ObjectName): string {
  return `${collectionPath(type, name.namespace)}/${encodeURIComponent(name.name)}`;
}

/** The key of an object among others of its type: `namespace/name`, or `name` alone. */
export function keyOf(name: ObjectName): string {
  return name.namespace === undefined ? name.name : `${name.namespace}/${name.name}`;
}

/** The name that `keyOf()` made a key of. */
export function nameOf(key: string): ObjectName {
  const slash = key.indexOf("/");
  if (slash < 0) return { name: key };
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/**
 * Takes a value from the API server for an object of `type`. Items of lists come without kind and
 * API version: they are added. `managedFields`, often the larger half, are left out.
 *
 * @throws KubeError with BAD_RESPONSE when there is no name, uid or resource version.
 */
export function parseObject(value: unknown, type: ResourceType): KubeObject {
  const object = value as Partial<KubeObject> | null;
  const metadata = object?.metadata as Record<string, unknown> | undefined;
  for (const field of ["name", "uid", "resourceVersion"]) {
    const text = metadata?.[field];
    if (typeof text === "string" && text !== "") continue;
    throw new KubeError("BAD_RESPONSE", `An object of kind ${type.kind} has no metadata.${field}`);
  }
  const kept = { ...metadata };
  delete kept["managedFields"];
  return {
    ...object,
    apiVersion: type.group === "" ? type.version : `${type.group}/${type.version}`,
    kind: type.kind,
    metadata: kept as KubeObject["metadata"],
  };
}

/** Freezes a JSON value and all within it, so that no reader of a shared one can change it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
