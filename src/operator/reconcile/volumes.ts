/**
 * How the volumes of an ensemble stand to the sizes that are wanted, and how one is made larger.
 * Claims can ask for more if their StorageClass allows it. Whether it does, and whether a quota is
 * left, is for the API server to say: reading StorageClasses would take rights in the whole
 * cluster. The size in a StatefulSet cannot be changed at all.
 */
import type { Ensemble } from "../api/index.ts";
import { isLess } from "../desired/index.ts";
import { volumesOf } from "../desired/stateful-set.ts";
import type { VolumeSizes } from "../desired/stateful-set.ts";
import { KubeError } from "../kube/index.ts";
import type { KubeClient, KubeObject } from "../kube/index.ts";
import type { ClaimGrowth } from "../plan/ensemble-observed.ts";
import { OperatorError } from "../operator-error.ts";
import type { GrowthRefusals } from "./growth-refusals.ts";
import { CLAIM, FIELD_MANAGER } from "./resources.ts";

interface ClaimFields {
  readonly spec?: {
    readonly resources?: { readonly requests?: { readonly storage?: string } };
  };
  readonly status?: {
    readonly capacity?: { readonly storage?: string };
    readonly allocatedResourceStatuses?: { readonly storage?: string };
    readonly conditions?: readonly {
      readonly type?: string;
      readonly status?: string;
      readonly lastTransitionTime?: string;
    }[];
  };
}

/** What decides how a claim is seen, besides itself. */
export interface GrowthContext {
  readonly ensemble: Ensemble;
  /** The pod that uses it. */
  readonly pod: KubeObject | undefined;
  /** The time of day. */
  readonly wallMs: number;
  readonly refusals: GrowthRefusals;
}

/**
 * For how long a file system may not have grown before its pod is replaced. Kubelets make it grow
 * while it is mounted, within a minute or two, where the driver of the volume is able to.
 */
const MOUNTED_GROWTH_MS = 180_000;

/** How a claim's volume stands to the size that is wanted. */
export function growthOf(claim: KubeObject, context: GrowthContext): ClaimGrowth {
  const wanted = wantedSize(context.ensemble, claim);
  const { spec, status } = claim as ClaimFields;
  const request = spec?.resources?.requests?.storage;
  const capacity = status?.capacity?.storage;
  if (request === undefined || capacity === undefined || wanted === null) return "none";
  if (isLess(request, wanted)) {
    const { refusals, wallMs } = context;
    return refusals.has(claim.metadata.uid, wanted, wallMs) ? "refused" : "short";
  }
  if (!isLess(capacity, wanted)) return "none";
  const since = (type: string): string | undefined => {
    const found = status?.conditions?.find((one) => one.type === type && one.status === "True");
    return found === undefined ? undefined : (found.lastTransitionTime ?? "");
  };
  const isFailed =
    status?.allocatedResourceStatuses?.storage?.endsWith("Infeasible") === true ||
    since("ControllerResizeError") !== undefined ||
    since("NodeResizeError") !== undefined;
  if (isFailed) return "failed";
  const pendingSinceMs = Date.parse(since("FileSystemResizePending") ?? "");
  // A pod that was made since has mounted the volume anew: another one would be of no use.
  const isMounted = Date.parse(String(context.pod?.metadata["creationTimestamp"])) < pendingSinceMs;
  return isMounted && context.wallMs - pendingSinceMs >= MOUNTED_GROWTH_MS
    ? "awaitsRestart"
    : "underway";
}

/** The sizes of the volumes that a StatefulSet makes, by name. */
export function volumeSizesOf(set: KubeObject | undefined): VolumeSizes {
  const { volumeClaimTemplates = [] } = (set?.["spec"] ?? {}) as {
    readonly volumeClaimTemplates?: readonly (ClaimFields & {
      readonly metadata?: { readonly name?: string };
    })[];
  };
  const entries = volumeClaimTemplates.flatMap(({ metadata, spec }) => {
    const size = spec?.resources?.requests?.storage;
    return metadata?.name === undefined || size === undefined ? [] : [[metadata.name, size]];
  });
  return Object.fromEntries(entries) as VolumeSizes;
}

/** What a claim is made to grow with. */
export interface GrowthOptions {
  readonly client: KubeClient;
  readonly refusals: GrowthRefusals;
  /** The time of day. */
  readonly wallMs: number;
}

/** Whether a StatefulSet makes smaller volumes than are wanted. */
export function isOutgrown(set: KubeObject | undefined, ensemble: Ensemble): boolean {
  const sizes = volumeSizesOf(set);
  return Object.entries(volumesOf(ensemble)).some(([name, { size }]) => {
    const has = sizes[name];
    return has !== undefined && isLess(has, size);
  });
}

/**
 * Has a claim ask for the size that is wanted.
 *
 * @throws OperatorError GROWTH_REFUSED if it may not; KubeError, with CONFLICT if it has changed
 * since, by whomever.
 */
export async function growClaim(
  ensemble: Ensemble,
  claim: KubeObject | undefined,
  { client, refusals, wallMs }: GrowthOptions,
): Promise<void> {
  const storage = claim === undefined ? null : wantedSize(ensemble, claim);
  if (claim === undefined || storage === null) {
    throw new KubeError("CONFLICT", "The claim is gone already");
  }
  const { apiVersion, kind } = claim;
  const { name, namespace = "", uid, resourceVersion } = claim.metadata;
  const metadata = { name, namespace, uid, resourceVersion };
  const spec = { resources: { requests: { storage } } };
  const options = { fieldManager: FIELD_MANAGER, force: true };
  try {
    await client.apply(CLAIM, { apiVersion, kind, metadata, spec }, options);
  } catch (error) {
    const isRefused =
      error instanceof KubeError && (error.code === "FORBIDDEN" || error.code === "INVALID");
    if (!isRefused) throw error;
    refusals.add(uid, storage, wallMs);
    const problem = `Claim ${name} cannot grow to ${storage}: ${error.message}`;
    throw new OperatorError("GROWTH_REFUSED", problem, error);
  }
}

/** The size that a claim is to ask for; null if the ensemble has no such volumes. */
function wantedSize(ensemble: Ensemble, { metadata }: KubeObject): string | null {
  const [volume = ""] = metadata.name.split("-");
  return volumesOf(ensemble)[volume]?.size ?? null;
}
