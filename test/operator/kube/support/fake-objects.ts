/** What a fake API server makes of paths, objects and changes: functions without a server. */

import { isDeepStrictEqual } from "node:util";

export type Verb = "LIST" | "WATCH" | "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export type Json = Record<string, unknown>;

export interface Stored extends Json {
  metadata: { name: string; namespace?: string; uid: string; resourceVersion: string } & Json;
}

export interface Change {
  readonly version: number;
  readonly collection: string;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: Stored;
}

export interface Target {
  readonly collection: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  /** What a list or watch asks for; empty for all. */
  readonly labels: string;
}

/** Whether a change belongs to what is watched. */
export function isOf(target: Target, { collection, object }: Change): boolean {
  return collection === target.collection && isIn(target, object);
}

export function isIn({ namespace, labels }: Target, { metadata }: Stored): boolean {
  if (namespace !== undefined && namespace !== metadata.namespace) return false;
  const held = (metadata["labels"] ?? {}) as Json;
  return labels.split(",").every((one) => {
    const [key = "", value] = one.split("=");
    return key === "" || held[key] === value;
  });
}

export function isFinal({ metadata }: Stored): boolean {
  return ((metadata["finalizers"] ?? []) as unknown[]).length === 0;
}

/** What comes of an apply; of the metadata only finalizers are ever taken away. */
export function applied(held: Stored | undefined, manifest: Stored): Json {
  const merged = (field: string): Json => ({
    ...(held?.metadata[field] as Json | undefined),
    ...(manifest.metadata[field] as Json | undefined),
  });
  const metadata = {
    ...held?.metadata,
    ...manifest.metadata,
    labels: merged("labels"),
    annotations: merged("annotations"),
    finalizers: manifest.metadata["finalizers"] ?? [],
  };
  return { ...held, ...manifest, metadata };
}

export function isSame(held: Stored, next: Json): boolean {
  const bare = (object: Json): Json => ({
    ...object,
    metadata: { ...(object["metadata"] as Json), resourceVersion: undefined, uid: undefined },
  });
  return isDeepStrictEqual(bare(held), bare(next));
}

export function targetOf({ pathname, searchParams }: URL, honoursSelectors: boolean): Target {
  const parts = pathname.split("/").slice(1).map(decodeURIComponent);
  const rest = parts.slice(parts[0] === "api" ? 2 : 3);
  const isNamespaced = rest[0] === "namespaces" && rest.length > 2;
  const [collection = "", name, subresource] = isNamespaced ? rest.slice(2) : rest;
  const labels = honoursSelectors ? (searchParams.get("labelSelector") ?? "") : "";
  const namespace = isNamespaced ? rest[1] : undefined;
  return { collection, name, subresource, namespace, labels };
}

export function verbOf(method: string | undefined, url: URL, target: Target): Verb {
  if (method !== "GET") return method as Verb;
  if (target.name !== undefined) return "GET";
  return url.searchParams.get("watch") === "true" ? "WATCH" : "LIST";
}

export function keyOf(target: Target, manifest: Stored): string {
  return `${target.collection}/${target.namespace ?? ""}/${manifest.metadata.name}`;
}

/** What an API server answers to a change that it never takes; null to one that it takes. */
export function refusalOf(
  collection: string,
  held: Stored | undefined,
  next: Json,
): readonly [code: number, reason: string] | null {
  const specOf = (object: Json | undefined): Json => (object?.["spec"] ?? {}) as Json;
  const isSameAt = (field: string): boolean =>
    isDeepStrictEqual(specOf(held)[field], specOf(next)[field]);
  if (collection === "leases" && !hasMicroTimes(next)) return [400, "BadRequest"];
  if (held === undefined) return null;
  if (collection === "statefulsets" && !isSameAt("volumeClaimTemplates")) return [422, "Invalid"];
  const isRigid = specOf(held)["storageClassName"] === "rigid";
  const isClaim = collection === "persistentvolumeclaims";
  return isClaim && isRigid && !isSameAt("resources") ? [403, "Forbidden"] : null;
}

/** Whether a held object is not the one that is wanted. */
export function differs(wanted: Json, held: Stored | undefined): boolean {
  return ["uid", "resourceVersion"].some(
    (field) => wanted[field] !== undefined && wanted[field] !== held?.metadata[field],
  );
}

function hasMicroTimes(lease: Json): boolean {
  const { renewTime, acquireTime } = lease["spec"] as Json;
  return [renewTime, acquireTime].every((time) => /T[\d:]{8}\.\d{6}Z$/.test(String(time)));
}
