/**
 * Carries out one action of the planner, on the observation that it was decided on. What is changed
 * or deleted has to be the very object of that observation (uid and version), so that of two that
 * act, or of one that acts twice, the second is refused.
 */
import { memberHost, podName } from "../desired/member-names.ts";
import { KubeError } from "../kube/index.ts";
import type { KubeClient, KubeObject, Manifest } from "../kube/index.ts";
import type { EnsembleAction } from "../plan/ensemble-action.ts";
import type { Component, Sizes } from "../plan/ensemble-observed.ts";
import { marked } from "./applied-children.ts";
import type { AppliedChildren } from "./applied-children.ts";
import type { MemberAccess } from "./member-access.ts";
import type { GrowthRefusals } from "./growth-refusals.ts";
import { compareChildren, liveOf } from "./live-children.ts";
import type { Observation } from "./observe.ts";
import {
  CLAIM,
  ENSEMBLE,
  ENSEMBLE_UID,
  FIELD_MANAGER,
  FIRST_ID,
  MARK_MANAGER,
  POD,
  STATEFUL_SET,
  childType,
} from "./resources.ts";
import { growClaim } from "./volumes.ts";

/** What actions are carried out with. */
export interface CarryOutOptions {
  readonly client: KubeClient;
  readonly members: MemberAccess;
  readonly applied: AppliedChildren;
  readonly defaultImage: string;
  readonly refusals: GrowthRefusals;
  /** The time of day. */
  readonly wallMs: number;
}

/** Actions that are carried out here: the others are records, or nothing. */
export type OutwardAction = Exclude<
  EnsembleAction,
  { readonly kind: `record${string}` | "wait" | "none" }
>;

/**
 * Carries out `action`.
 *
 * @throws KubeError, with CONFLICT when something is not as it was observed; OperatorError when
 * members, or the API server, refuse.
 */
export async function carryOut(
  action: OutwardAction,
  observation: Observation,
  options: CarryOutOptions,
  signal: AbortSignal,
): Promise<void> {
  const { target, ensemble } = observation;
  const { members } = options;
  switch (action.kind) {
    case "applyChildren":
      return applyChildren(observation, action, options);
    case "resizeStatefulSet":
      return resize(observation, action, options);
    case "addMember": {
      const host = memberHost(ensemble, action.sid);
      return members.addMember(target, { ...action, host }, signal);
    }
    case "removeMember":
      return members.removeMember(target, action, signal);
    case "transferLeadership":
      return members.transferLeadership(target, action, signal);
    case "deletePod":
      return deletePod(observation, action, options);
    case "deleteClaim": {
      const { namespace } = ensemble.metadata;
      return options.client.delete(CLAIM, { namespace, name: action.name }, { uid: action.uid });
    }
    case "markClaim":
      return markClaim(observation, action, options);
    case "growClaim": {
      const claim = observation.claims.find(({ metadata }) => metadata.uid === action.uid);
      return growClaim(ensemble, claim, options);
    }
    case "orphanPods":
      return orphanPods(observation, action, options);
    case "release":
      return release(observation, options);
  }
}

async function applyChildren(
  observation: Observation,
  { sizes, isFounding }: { readonly sizes: Sizes; readonly isFounding: boolean },
  options: CarryOutOptions,
): Promise<void> {
  const { live, observed } = observation;
  const { committed } = observed;
  const context = { live, committed, defaultImage: options.defaultImage };
  const { wanted, surplus } = compareChildren(observation, context, { sizes, isFounding });
  for (const child of wanted) {
    const there = liveOf(live, child);
    if (!options.applied.isApplied(child, there)) await applyChild(child, there, options);
  }
  for (const child of surplus) {
    const { uid, resourceVersion } = child.metadata;
    await options.client.delete(childType(child), child.metadata, { uid, resourceVersion });
    options.applied.forget(uid);
  }
}

/**
 * Sizes are part of a StatefulSet's form: it is applied whole, if it is still the one we saw. When
 * it grows, the ConfigMap goes before it: a newcomer looks there for its line.
 */
async function resize(
  observation: Observation,
  action: Extract<OutwardAction, { readonly kind: "resizeStatefulSet" }>,
  options: CarryOutOptions,
): Promise<void> {
  const { live, observed } = observation;
  const { committed, children } = observed;
  const { members, observers } = children.sizes;
  const sizes = { members: members ?? 0, observers: observers ?? 0 };
  const context = { live, committed, defaultImage: options.defaultImage };
  const { wanted } = compareChildren(observation, context, {
    sizes: { ...sizes, [action.component]: action.replicas },
    isFounding: children.isFounding,
  });
  const set = live.sets[action.component];
  for (const child of wanted) {
    const isIt = child.kind === "StatefulSet" && child.metadata.name === set?.metadata.name;
    if (isIt) await applyChild(child, set, options);
    else if (child.kind === "ConfigMap" && action.replicas > action.fromReplicas) {
      await applyChild(child, live.configMap, options);
    }
  }
}

async function applyChild(
  child: Manifest,
  live: KubeObject | undefined,
  { client, applied }: CarryOutOptions,
): Promise<void> {
  const manifest = marked(child);
  // Only a StatefulSet ends pods: it has to be the one that was looked at.
  const isSet = child.kind === "StatefulSet" && live !== undefined;
  const { uid, resourceVersion } = live?.metadata ?? {};
  const metadata = isSet ? { ...manifest.metadata, uid, resourceVersion } : manifest.metadata;
  const options = { fieldManager: FIELD_MANAGER, force: true };
  applied.remember(child, await client.apply(childType(child), { ...manifest, metadata }, options));
}

async function deletePod(
  { pods, ensemble }: Observation,
  { sid, uid }: { readonly sid: number; readonly uid: string },
  { client }: CarryOutOptions,
): Promise<void> {
  const { namespace } = ensemble.metadata;
  const resourceVersion = pods.get(sid)?.metadata.resourceVersion;
  if (resourceVersion === undefined) throw new KubeError("CONFLICT", "The pod is gone already");
  await client.delete(POD, { namespace, name: podName(ensemble, sid) }, { uid, resourceVersion });
}

async function markClaim(
  { ensemble }: Observation,
  { name, uid, ensembleUid, firstSid }: Extract<EnsembleAction, { readonly kind: "markClaim" }>,
  { client }: CarryOutOptions,
): Promise<void> {
  const { namespace } = ensemble.metadata;
  const annotations = {
    [ENSEMBLE_UID]: ensembleUid,
    ...(firstSid === 1 ? {} : { [FIRST_ID]: String(firstSid) }),
  };
  const metadata = { namespace, name, uid, annotations };
  const manifest = { apiVersion: "v1", kind: CLAIM.kind, metadata };
  await client.apply(CLAIM, manifest, { fieldManager: MARK_MANAGER, force: true });
}

/** Deletes a StatefulSet without its pods. */
async function orphanPods(
  { live }: Observation,
  { component }: { readonly component: Component },
  { client, applied }: CarryOutOptions,
): Promise<void> {
  const set = live.sets[component];
  if (set === undefined) throw new KubeError("CONFLICT", "The StatefulSet is gone already");
  const { uid, resourceVersion } = set.metadata;
  const propagation = "Orphan";
  await client.delete(STATEFUL_SET, set.metadata, { uid, resourceVersion, propagation });
  applied.forget(uid);
}

/** Takes our finalizer away: what is not applied any more goes. */
async function release({ object }: Observation, { client }: CarryOutOptions): Promise<void> {
  await applyFinalizers(client, object, []);
}

/** Has our finalizers on an ensemble be exactly these. */
export async function applyFinalizers(
  client: KubeClient,
  { metadata, apiVersion, kind }: KubeObject,
  finalizers: readonly string[],
): Promise<KubeObject> {
  const { name, namespace, uid, resourceVersion } = metadata;
  const manifest = {
    apiVersion,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion },
  };
  const own = finalizers.length === 0 ? {} : { finalizers };
  return client.apply(
    ENSEMBLE,
    { ...manifest, metadata: { ...manifest.metadata, ...own } },
    { fieldManager: FIELD_MANAGER, force: true },
  );
}
