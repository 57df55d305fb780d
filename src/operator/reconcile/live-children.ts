/**
 * The objects around an ensemble's pods, as they are and as they are wanted. Only those that this
 * very ensemble owns count: one of the same name may have been there before.
 */
import type { Ensemble } from "../api/index.ts";
import type { KubeObject, Manifest, ResourceType } from "../kube/index.ts";
import type { Membership, Sizes } from "../plan/ensemble-observed.ts";
import { sidsOf } from "../plan/ensemble-view.ts";
import type { AppliedChildren } from "./applied-children.ts";
import type { ClusterReader, FullName } from "./cluster-reader.ts";
import { buildChildren, isFoundingMap } from "./desired-children.ts";
import type { LiveSets } from "./desired-children.ts";
import type { ImportLogin } from "./import-secret.ts";
import { observeSet } from "./observe-pods.ts";
import { readRecord } from "./record.ts";
import { CONFIG_MAP, OPTIONAL_CHILDREN, STATEFUL_SET } from "./resources.ts";

/** An ensemble as the API server has it, and what goes with it. */
export interface Subject {
  readonly object: KubeObject;
  readonly ensemble: Ensemble;
  /** Null while there is none, which is only so before anything was made. */
  readonly adminPassword: string | null;
  /** For servers of another ensemble that are imported; null if there is nothing to say. */
  readonly importLogin: ImportLogin | null;
}

/** The children as they are. */
export interface LiveChildren {
  readonly sets: LiveSets;
  readonly configMap: KubeObject | undefined;
  readonly optional: readonly KubeObject[];
}

/** What decides how children are wanted, apart from the specification. */
export interface ChildContext {
  readonly live: LiveChildren;
  readonly committed: Membership | null;
  /** The image of members unless the specification names one. */
  readonly defaultImage: string;
}

/**
 * The children that are there. `cached` is for those on which nothing rests that cannot be undone.
 */
export async function readChildren(
  { reader, cached }: { readonly reader: ClusterReader; readonly cached: ClusterReader },
  name: FullName,
  uid: string,
): Promise<LiveChildren> {
  const ownedBy = (child: KubeObject | undefined): child is KubeObject =>
    child !== undefined && isOwnedBy(child, uid);
  const get = async (type: ResourceType, suffix: string): Promise<KubeObject | undefined> => {
    const child = await reader.get(type, { ...name, name: `${name.name}${suffix}` });
    return ownedBy(child) ? child : undefined;
  };
  const [members, observers, configMap] = [
    await get(STATEFUL_SET, ""),
    await get(STATEFUL_SET, "-observers"),
    await get(CONFIG_MAP, "-config"),
  ];
  const lists = await Promise.all(OPTIONAL_CHILDREN.map((type) => cached.list(type, name)));
  return { sets: { members, observers }, configMap, optional: lists.flat().filter(ownedBy) };
}

/** Whether an ensemble of this uid owns an object. */
export function isOwnedBy({ metadata }: KubeObject, uid: string): boolean {
  const owners = metadata["ownerReferences"] as readonly { readonly uid?: unknown }[] | undefined;
  return owners?.some((owner) => owner.uid === uid) === true;
}

/** All children as they are wanted, and those of the live ones that are not wanted. */
export function compareChildren(
  subject: Subject,
  { live, committed, defaultImage }: ChildContext,
  decisions: { readonly sizes: Sizes; readonly isFounding: boolean },
): { readonly wanted: Manifest[]; readonly surplus: KubeObject[] } {
  const { ensemble, object, adminPassword } = subject;
  const { ensembleUid, founders, firstSid, phase, imported, recovery } = readRecord(ensemble);
  if (ensembleUid === null || adminPassword === null) return { wanted: [], surplus: [] };
  const wanted = buildChildren(
    { ensemble, uid: object.metadata.uid },
    {
      ensembleUid,
      adminPassword,
      defaultImage,
      sizes: decisions.sizes,
      founders: decisions.isFounding ? founders : null,
      // Whom the survivor admits is its own affair until it is known to serve.
      committed: phase === "Recovering" ? null : committed,
      recovery,
      isRecovering: phase === "Recovering",
      imported: phase === "Importing" ? imported : [],
      sids: sidsOf(decisions.sizes, firstSid),
      live: {
        configMap: live.configMap,
        sets: live.sets,
        budget: live.optional.find(({ kind }) => kind === "PodDisruptionBudget"),
      },
    },
  );
  const isWanted = ({ kind, metadata }: KubeObject): boolean =>
    wanted.some((child) => child.kind === kind && child.metadata.name === metadata.name);
  return { wanted, surplus: live.optional.filter((child) => !isWanted(child)) };
}

/** What is there for a wanted child. */
export function liveOf({ sets, configMap, optional }: LiveChildren, child: Manifest) {
  const all = [sets.members, sets.observers, configMap, ...optional];
  return all.find(
    (live) => live?.kind === child.kind && live.metadata.name === child.metadata.name,
  );
}

/** Whether all children are as they are wanted; sizes and founding as they are. */
export function areCurrent(
  subject: Subject,
  context: ChildContext,
  applied: AppliedChildren,
): boolean {
  const { live } = context;
  const { members, observers } = live.sets;
  if (members === undefined || observers === undefined) return false;
  const { wanted, surplus } = compareChildren(subject, context, {
    sizes: { members: observeSet(members).replicas, observers: observeSet(observers).replicas },
    isFounding: isFoundingMap(live.configMap),
  });
  return (
    surplus.length === 0 && wanted.every((child) => applied.isApplied(child, liveOf(live, child)))
  );
}
