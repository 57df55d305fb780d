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
import type { Owner, RecoveryOrder } from "../desired/index.ts";
import type { MemberRole } from "../desired/member-names.ts";
import type { KubeObject, Manifest } from "../kube/index.ts";
import { operatorDigest } from "../members/operator-digest.ts";
import type {
  ImportedServer,
  Membership,
  RecordedRecovery,
  Sizes,
} from "../plan/ensemble-observed.ts";
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
  /** The last recovery from the loss of a quorum, and whether it is under way. */
  readonly recovery: RecordedRecovery | null;
  readonly isRecovering: boolean;
  /** Servers of another ensemble that may be members, while it is imported. */
  readonly imported: readonly ImportedServer[];
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
  const { ensembleUid, adminPassword, recovery, sizes } = decisions;
  const settings = renderMemberSettings(ensemble, {
    ensembleUid,
    operatorDigest: operatorDigest(adminPassword),
  });
  const pods = {
    image: imageOf(ensemble, decisions.defaultImage),
    args: recovery === null ? ["member"] : ["member", "--recovery", ensembleUid],
    configMapName: configMapName(ensemble),
    configHash: settings.restartHash,
  };
  const { founders } = decisions;
  const members = rolesOf(decisions);
  const importedLines = importedLinesOf(decisions);
  const configMap = buildConfigMap(owner, {
    settings,
    members,
    importedLines,
    founders,
    recovery: orderOf(decisions),
  });
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
function rolesOf(decisions: ChildDecisions): Map<number, MemberRole> {
  const { committed, founders, sids, imported, isRecovering, recovery } = decisions;
  const roles = new Map<number, MemberRole>();
  if (isRecovering && recovery !== null) {
    for (const sid of [...recovery.others.map((other) => other.sid), ...sids]) {
      roles.set(sid, "observer");
    }
    return roles.set(recovery.survivor, "participant");
  }
  if (committed === null) {
    for (const sid of founders ?? []) roles.set(sid, "participant");
    if (isFirstOfImport(decisions)) for (const sid of sids) roles.set(sid, "observer");
    return roles;
  }
  for (const sid of [...sids, ...committed.observers]) roles.set(sid, "observer");
  for (const sid of committed.voters) roles.set(sid, "participant");
  for (const { sid } of imported) roles.delete(sid);
  return roles;
}

/** The survivor goes on once: the same volume, restored later, is as old as any other. */
function orderOf({ isRecovering, recovery }: ChildDecisions): RecoveryOrder | null {
  if (recovery === null) return null;
  const { survivor: sid, lostUid, zxid } = recovery;
  return { lostUid, survivor: isRecovering ? { sid, zxid } : null };
}

/** Whether nothing is known of the membership but what it was when the import began. */
function isFirstOfImport({ imported, live }: ChildDecisions): boolean {
  return imported.length > 0 && live.configMap === undefined;
}

/** The lines of imported servers that have not left. */
function importedLinesOf(decisions: ChildDecisions): string[] {
  const { committed, imported } = decisions;
  if (committed === null) {
    return isFirstOfImport(decisions) ? imported.map(({ line }) => line) : [];
  }
  const { voters, observers } = committed;
  const staying = imported.filter(({ sid }) => voters.includes(sid) || observers.includes(sid));
  return staying.map(({ line }) => line);
}

function withLiveMembers(configMap: ReturnType<typeof buildConfigMap>, live?: KubeObject): object {
  const members = dataOf(live)["members"] ?? configMap.data["members"];
  return { ...configMap, data: { ...configMap.data, members } };
}

function buildBudget(owner: Owner, decisions: ChildDecisions): object | null {
  const { committed, founders, imported, live } = decisions;
  const own = committed?.voters.filter((sid) => imported.every((server) => server.sid !== sid));
  const voters = (own ?? founders)?.length;
  if (voters !== undefined) return buildPodDisruptionBudget(owner, voters);
  const spec = live.budget?.["spec"] as { readonly minAvailable?: number } | undefined;
  return spec?.minAvailable === undefined
    ? null
    : buildPodDisruptionBudget(owner, spec.minAvailable + 1);
}

function dataOf(configMap: KubeObject | undefined): Readonly<Record<string, unknown>> {
  return (configMap?.["data"] ?? {}) as Readonly<Record<string, unknown>>;
}
