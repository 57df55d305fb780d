/**
 * All objects that an ensemble is to have around its pods, for one set of decisions. Without a
 * quorum nobody knows who the members are; what was last written about them holds then.
 */
import type { Ensemble } from "../api/index.ts";
import {
  buildConfigMap,
  buildNetworkPolicy,
  buildPodDisruptionBudget,
  buildPrometheusRule,
  buildServiceAccount,
  buildServiceMonitor,
  buildServices,
  buildStatefulSet,
  configMapName,
  renderMemberSettings,
} from "../desired/index.ts";
import type { Owner } from "../desired/index.ts";
import type { MemberRole } from "../desired/member-names.ts";
import type { KubeObject, Manifest } from "../kube/index.ts";
import { operatorDigest } from "../members/operator-digest.ts";
import type { Membership, Sizes } from "../plan/ensemble-observed.ts";
import { volumeSizesOf } from "./volumes.ts";

/** The StatefulSets that there are. */
export interface LiveSets {
  readonly members: KubeObject | undefined;
  readonly observers: KubeObject | undefined;
}

/** What the children follow from, besides the specification. */
export interface ChildDecisions {
  readonly ensembleUid: string;
  readonly adminPassword: string;
  /** The image of members unless the specification names one. */
  readonly defaultImage: string;
  readonly sizes: Sizes;
  /** Who may form the ensemble; null if nobody may. */
  readonly founders: readonly number[] | null;
  /** Null when no quorum answers. */
  readonly committed: Membership | null;
  /** Ids of the pods that there are to be, for those that are not in the membership yet. */
  readonly sids: readonly number[];
  /** What is there now, if anything. */
  readonly live: {
    readonly configMap: KubeObject | undefined;
    readonly budget: KubeObject | undefined;
    readonly sets: LiveSets;
  };
}

/** The children that every cluster can have, in the order in which they are applied. */
export function buildChildren(owner: Owner, decisions: ChildDecisions): Manifest[] {
  const { ensemble } = owner;
  const { ensembleUid, adminPassword, sizes } = decisions;
  const settings = renderMemberSettings(ensemble, {
    ensembleUid,
    operatorDigest: operatorDigest(adminPassword),
  });
  const pods = {
    image: imageOf(ensemble, decisions.defaultImage),
    args: ["member"],
    configMapName: configMapName(ensemble),
    configHash: settings.hash,
  };
  const { founders } = decisions;
  const members = rolesOf(decisions);
  const configMap = buildConfigMap(owner, { settings, members, founders });
  const children: (object | null)[] = [
    ...buildServices(owner),
    buildServiceAccount(owner),
    members.size > 0 ? configMap : withLiveMembers(configMap, decisions.live.configMap),
    buildNetworkPolicy(owner),
    buildBudget(owner, decisions),
    buildStatefulSet(owner, {
      ...pods,
      component: "member",
      replicas: sizes.members,
      volumeSizes: volumeSizesOf(decisions.live.sets.members),
    }),
    buildStatefulSet(owner, {
      ...pods,
      component: "observer",
      replicas: sizes.observers,
      volumeSizes: volumeSizesOf(decisions.live.sets.observers),
    }),
  ];
  return children.filter((child) => child !== null).map((child) => child as Manifest);
}

/** Objects of the Prometheus operator. */
export function buildMonitoring(owner: Owner): Manifest[] {
  const objects: (object | null)[] = [buildServiceMonitor(owner), buildPrometheusRule(owner)];
  return objects.filter((object) => object !== null).map((object) => object as Manifest);
}

/** Whether a ConfigMap lets founders form an ensemble. */
export function isFoundingMap(configMap: KubeObject | undefined): boolean {
  return dataOf(configMap)["founders"] !== undefined;
}

/** The whole reference of the members' image. */
export function imageOf({ spec }: Ensemble, defaultImage: string): string {
  const { repository, digest } = spec.image;
  if (repository === undefined && spec.version === undefined) return defaultImage;
  const name = repository ?? defaultImage.replace(/(:[^/:@]+)?(@.*)?$/u, "");
  const tag = spec.version ?? (tagOf(defaultImage) || "latest");
  return `${name}:${tag}${digest === undefined ? "" : `@${digest}`}`;
}

/** The tag of an image's reference; empty if it has none. */
export function tagOf(image: string): string {
  return /:([^/:@]+)(@.*)?$/u.exec(image)?.[1] ?? "";
}

/** Empty when it is not known who the members are. */
function rolesOf({ committed, founders, sids }: ChildDecisions): Map<number, MemberRole> {
  const roles = new Map<number, MemberRole>();
  if (committed === null) {
    for (const sid of founders ?? []) roles.set(sid, "participant");
    return roles;
  }
  for (const sid of [...sids, ...committed.observers]) roles.set(sid, "observer");
  for (const sid of committed.voters) roles.set(sid, "participant");
  return roles;
}

function withLiveMembers(configMap: ReturnType<typeof buildConfigMap>, live?: KubeObject): object {
  const members = dataOf(live)["members"] ?? configMap.data["members"];
  return { ...configMap, data: { ...configMap.data, members } };
}

function buildBudget(owner: Owner, decisions: ChildDecisions): object | null {
  const { committed, founders, live } = decisions;
  const voters = committed?.voters.length ?? founders?.length;
  if (voters !== undefined) return buildPodDisruptionBudget(owner, voters);
  const spec = live.budget?.["spec"] as { readonly minAvailable?: number } | undefined;
  return spec?.minAvailable === undefined
    ? null
    : buildPodDisruptionBudget(owner, spec.minAvailable + 1);
}

function dataOf(configMap: KubeObject | undefined): Readonly<Record<string, unknown>> {
  return (configMap?.["data"] ?? {}) as Readonly<Record<string, unknown>>;
}
