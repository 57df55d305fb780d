/** How a claim stands to what is wanted, from what Kubernetes says of it. */

import { expect, test } from "vitest";
import { readEnsemble } from "../../../src/operator/api/index.ts";
import { GrowthRefusals } from "../../../src/operator/reconcile/growth-refusals.ts";
import { growthOf } from "../../../src/operator/reconcile/volumes.ts";

const PENDING_MS = Date.UTC(2026, 0, 1, 12);
const MINUTE_MS = 60_000;

const ENSEMBLE = readEnsemble(
  {
    apiVersion: "ensemble.dev/v1",
    kind: "Ensemble",
    metadata: { name: "zk", namespace: "default" },
    spec: { storage: { size: "2Gi", logVolume: { size: "1Gi" } } },
  },
  "test",
  () => [],
);

interface Given {
  readonly request?: string;
  readonly status?: object;
  readonly name?: string;
  /** When the pod was made, before the file system was to grow. */
  readonly podAgeMs?: number;
  /** Since when the file system is to grow. */
  readonly pendingForMs?: number;
  readonly refusals?: GrowthRefusals;
}

function growth(given: Given): string {
  const { request = "2Gi", status = {}, name = "data-zk-0", podAgeMs = MINUTE_MS } = given;
  const { pendingForMs = 0, refusals = new GrowthRefusals() } = given;
  const wallMs = PENDING_MS + pendingForMs;
  const claim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace: "default", uid: "claim-1", resourceVersion: "1" },
    spec: { resources: { requests: { storage: request } } },
    status: { phase: "Bound", capacity: { storage: "1Gi" }, ...status },
  };
  const creationTimestamp = new Date(PENDING_MS - podAgeMs).toISOString();
  const metadata = { name: "zk-0", uid: "pod-1", resourceVersion: "1", creationTimestamp };
  const pod = { apiVersion: "v1", kind: "Pod", metadata };
  return growthOf(claim, { ensemble: ENSEMBLE, pod, refusals, wallMs });
}

function condition(type: string, status = "True"): object {
  const lastTransitionTime = new Date(PENDING_MS).toISOString();
  return { conditions: [{ type, status, lastTransitionTime }] };
}

test("a claim that asks for less is short, and one that asks for enough is under way", () => {
  expect(growth({ request: "1Gi" })).toBe("short");
  expect(growth({ request: "2Gi" })).toBe("underway");
  expect(growth({ request: "3Gi" })).toBe("underway");
});

test("a volume that is as large as wanted, or larger, is left alone", () => {
  expect(growth({ status: { capacity: { storage: "2048Mi" } } })).toBe("none");
  expect(growth({ request: "9Gi", status: { capacity: { storage: "9Gi" } } })).toBe("none");
});

test("each volume has its own size, and what is no volume of ours has none", () => {
  expect(growth({ name: "log-zk-0", request: "1Gi" })).toBe("none");
  expect(growth({ name: "cache-zk-0", request: "1Gi" })).toBe("none");
});

test("a claim without a volume is not awaited here", () => {
  expect(growth({ request: "1Gi", status: { capacity: undefined } })).toBe("none");
});

test("a file system has three minutes to grow while it is mounted", () => {
  const status = condition("FileSystemResizePending");
  expect(growth({ status, pendingForMs: 2 * MINUTE_MS })).toBe("underway");
  expect(growth({ status, pendingForMs: 3 * MINUTE_MS })).toBe("awaitsRestart");
  const over = condition("FileSystemResizePending", "False");
  expect(growth({ status: over, pendingForMs: 9 * MINUTE_MS })).toBe("underway");
});

test("a pod that was made since is not replaced for it once more", () => {
  const status = condition("FileSystemResizePending");
  const podAgeMs = -MINUTE_MS;
  expect(growth({ status, podAgeMs, pendingForMs: 9 * MINUTE_MS })).toBe("underway");
});

test.each([
  condition("ControllerResizeError"),
  condition("NodeResizeError"),
  { allocatedResourceStatuses: { storage: "ControllerResizeInfeasible" } },
  { allocatedResourceStatuses: { storage: "NodeResizeInfeasible" } },
])("growth has failed where a claim says so: %j", (status) => {
  expect(growth({ status })).toBe("failed");
});

test("a refusal holds for ten minutes, and for that size alone", () => {
  const refusals = new GrowthRefusals();
  refusals.add("claim-1", "2Gi", PENDING_MS);
  expect(growth({ request: "1Gi", refusals })).toBe("refused");
  expect(growth({ request: "1Gi", refusals, pendingForMs: 10 * MINUTE_MS })).toBe("short");
  const others = new GrowthRefusals();
  others.add("claim-1", "1.5Gi", PENDING_MS);
  expect(growth({ request: "1Gi", refusals: others })).toBe("short");
});
