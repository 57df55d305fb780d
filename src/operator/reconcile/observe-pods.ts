/**
 * What pods, claims and StatefulSets say, as the planner wants it. They come from the API server,
 * yet fields may be missing: a pod has hardly a status at first.
 */
import type { KubeObject } from "../kube/index.ts";
import type { ObservedClaim, ObservedPod, PodTrouble } from "../plan/ensemble-observed.ts";
import { labelsOf } from "./cluster-reader.ts";
import { ENSEMBLE_UID, FIRST_ID } from "./resources.ts";
import { growthOf } from "./volumes.ts";
import type { GrowthContext } from "./volumes.ts";

interface PodStatus {
  readonly phase?: string;
  readonly podIP?: string;
  readonly conditions?: readonly {
    readonly type?: string;
    readonly status?: string;
    readonly reason?: string;
  }[];
  readonly containerStatuses?: readonly {
    readonly restartCount?: number;
    readonly state?: ContainerState;
    readonly lastState?: ContainerState;
  }[];
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string };
  readonly terminated?: { readonly exitCode?: number };
}

/** What a member exits with whose volume is of another ensemble (docs/operations.md). */
const FOREIGN_VOLUME_EXIT_CODE = 65;

const IMAGE_REASONS: ReadonlySet<string> = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "ErrImageNeverPull",
]);

/**
 * A pod.
 *
 * @param revision - what a pod of its StatefulSet would be of now; null if that is not known.
 */
export function observePod(pod: KubeObject, revision: string | null): ObservedPod {
  const status = statusOf(pod);
  const containers = status.containerStatuses ?? [];
  const isRunning = status.phase === "Running";
  return {
    uid: pod.metadata.uid,
    state: isBeingDeleted(pod) ? "terminating" : isRunning ? "running" : "pending",
    isCurrent: labelsOf(pod.metadata)["controller-revision-hash"] === revision,
    isReady: conditionOf(status, "Ready")?.status === "True",
    restarts: containers.reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0),
    trouble: troubleOf(status),
  };
}

/** The address of a pod that runs; null if it has none. */
export function podIpOf(pod: KubeObject): string | null {
  const { phase, podIP } = statusOf(pod);
  return phase === "Running" && podIP !== undefined && podIP !== "" ? podIP : null;
}

/** The image that a pod was made with; empty if it does not say. */
export function containerImageOf(pod: KubeObject): string {
  const spec = (pod["spec"] ?? {}) as {
    readonly containers?: readonly { readonly image?: string }[];
  };
  return spec.containers?.[0]?.image ?? "";
}

/** A volume claim. */
export function observeClaim(claim: KubeObject, context: GrowthContext): ObservedClaim {
  const { phase } = (claim["status"] ?? {}) as { readonly phase?: string };
  const state = phase === "Bound" ? "bound" : phase === "Lost" ? "lost" : "pending";
  const { name, uid } = claim.metadata;
  const { annotations } = claim.metadata as { readonly annotations?: Record<string, string> };
  return {
    name,
    uid,
    state: isBeingDeleted(claim) ? "terminating" : state,
    growth: growthOf(claim, context),
    ensembleUid: annotations?.[ENSEMBLE_UID] ?? null,
    firstSid: Number(annotations?.[FIRST_ID] ?? 1),
  };
}

/** A StatefulSet, as far as pods follow from it. */
export interface ObservedSet {
  readonly replicas: number;
  /** Whether its controller has seen its newest form, and it stays. */
  readonly isSettled: boolean;
  /** What a new pod would be of; null if that is not known yet. */
  readonly revision: string | null;
}

/** A StatefulSet. */
export function observeSet(set: KubeObject): ObservedSet {
  const spec = (set["spec"] ?? {}) as { readonly replicas?: number };
  const status = (set["status"] ?? {}) as {
    readonly observedGeneration?: number;
    readonly updateRevision?: string;
  };
  const isSettled =
    status.observedGeneration === set.metadata["generation"] && !isBeingDeleted(set);
  return {
    replicas: spec.replicas ?? 1,
    isSettled,
    revision: isSettled ? (status.updateRevision ?? null) : null,
  };
}

/** Whether somebody has asked for an object to be deleted. */
export function isBeingDeleted({ metadata }: KubeObject): boolean {
  return metadata["deletionTimestamp"] !== undefined;
}

function statusOf(pod: KubeObject): PodStatus {
  return pod["status"] ?? {};
}

function conditionOf({ conditions = [] }: PodStatus, type: string) {
  return conditions.find((condition) => condition.type === type);
}

function troubleOf(status: PodStatus): PodTrouble | null {
  const scheduled = conditionOf(status, "PodScheduled");
  if (scheduled?.status === "False" && scheduled.reason === "Unschedulable") return "unschedulable";
  for (const { state, lastState } of status.containerStatuses ?? []) {
    const { exitCode } = state?.terminated ?? lastState?.terminated ?? {};
    const isRunning = state?.waiting === undefined && state?.terminated === undefined;
    if (exitCode === FOREIGN_VOLUME_EXIT_CODE && !isRunning) return "foreignVolume";
    const reason = state?.waiting?.reason ?? "";
    if (IMAGE_REASONS.has(reason)) return "imageUnavailable";
    if (reason === "CrashLoopBackOff") return "crashLooping";
  }
  return null;
}
