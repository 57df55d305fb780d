/**
 * What a `coordination.k8s.io/v1` Lease says, read without trust and written as the API server
 * wants it: its times have exactly six digits of a second, and are refused with three.
 */

import type { KubeObject, ResourceType } from "./kube-object.ts";

/** The kind of object that elections are held on. */
export const LEASE: ResourceType = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
};

/** A lease's `spec`, as far as it is used. Whatever is missing or odd reads as empty or zero. */
export interface LeaseRecord {
  /** Empty when nobody holds it. */
  readonly holder: string;
  readonly durationMs: number;
  /** As written by the holder's clock: good for telling two records apart, not for measuring. */
  readonly renewTime: string;
  readonly acquireTime: string;
  readonly transitions: number;
}

/** Reads a lease. */
export function parseLease(lease: KubeObject): LeaseRecord {
  const spec = lease["spec"];
  const fields = (typeof spec === "object" && spec !== null ? spec : {}) as Record<string, unknown>;
  return {
    holder: text(fields["holderIdentity"]),
    durationMs: count(fields["leaseDurationSeconds"]) * 1000,
    renewTime: text(fields["renewTime"]),
    acquireTime: text(fields["acquireTime"]),
    transitions: count(fields["leaseTransitions"]),
  };
}

/** The `spec` of a lease. */
export function formatLeaseSpec(record: LeaseRecord): Readonly<Record<string, unknown>> {
  return {
    holderIdentity: record.holder,
    leaseDurationSeconds: Math.round(record.durationMs / 1000),
    acquireTime: record.acquireTime,
    renewTime: record.renewTime,
    leaseTransitions: record.transitions,
  };
}

/** A time with microseconds, which our clock does not have: the last three digits are zeros. */
export function formatMicroTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace("Z", "000Z");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : 0;
}
