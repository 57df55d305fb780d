/**
 * From what the API server and the members say to what the planner wants to know. It changes
 * nothing, and decides nothing.
 */
import type { Ensemble } from "../api/index.ts";
import { memberIdOf, renderMemberSettings } from "../desired/index.ts";
import type { KubeObject } from "../kube/index.ts";
import { operatorDigest } from "../members/operator-digest.ts";
import type {
  EnsembleObserved,
  ImportReading,
  Membership,
  ObservedMember,
  ObservedReport,
} from "../plan/ensemble-observed.ts";
import { componentOf } from "../plan/ensemble-view.ts";
import type { AppliedChildren } from "./applied-children.ts";
import type { ClusterReader, FullName } from "./cluster-reader.ts";
import { isFoundingMap } from "./desired-children.ts";
import { areCurrent, readChildren } from "./live-children.ts";
import type { LiveChildren, Subject } from "./live-children.ts";
import type { EnsembleTarget, MemberAccess } from "./member-access.ts";
import { observeClaim, observePod, observeSet, podIpOf } from "./observe-pods.ts";
import type { ObservedSet } from "./observe-pods.ts";
import type { GrowthRefusals } from "./growth-refusals.ts";
import { readRecord } from "./record.ts";
import { CLAIM, POD } from "./resources.ts";
import { isOutgrown } from "./volumes.ts";
import type { GrowthContext } from "./volumes.ts";

const COMPONENTS = ["members", "observers"] as const;

/** What an observation is made with. */
export interface ObserveOptions {
  readonly reader: ClusterReader;
  /** For objects on which nothing rests that cannot be undone. */
  readonly cached: ClusterReader;
  readonly members: MemberAccess;
  readonly applied: AppliedChildren;
  readonly defaultImage: string;
  /** Whether to see all as it is now, and take nothing for known. */
  readonly isFresh: boolean;
  /** The membership, if it is known well enough without asking for it. */
  readonly knownMembership: (reports: ReadonlyMap<number, ObservedReport>) => Membership | null;
  readonly failedHandOvers: (leader: number | null) => number;
  /** The time of day. */
  readonly wallMs: number;
  readonly refusals: GrowthRefusals;
}

/** An ensemble at one moment, more or less. */
export interface Observation extends Subject {
  readonly observed: EnsembleObserved;
  readonly target: EnsembleTarget;
  /** By server id. */
  readonly pods: ReadonlyMap<number, KubeObject>;
  readonly claims: readonly KubeObject[];
  /** What is there of the children: all that have to be, and any that need not. */
  readonly live: LiveChildren;
}

/** Looks at everything. */
export async function observe(
  subject: Subject,
  options: ObserveOptions,
  signal: AbortSignal,
): Promise<Observation> {
  const { ensemble } = subject;
  const { reader, applied, defaultImage } = options;
  const name: FullName = ensemble.metadata;
  const recorded = readRecord(ensemble);
  const live = await readChildren(options, name, subject.object.metadata.uid);
  const pods = bySid(await reader.list(POD, name), ({ metadata }) => metadata.name);
  const claims = await reader.list(CLAIM, name);
  const target: EnsembleTarget = {
    ensemble,
    members: [...pods].flatMap(([sid, pod]) => {
      const podIp = podIpOf(pod);
      return podIp === null ? [] : [{ sid, podIp }];
    }),
    adminPassword: subject.adminPassword ?? "",
    imported:
      recorded.phase === "Importing"
        ? { servers: recorded.imported, credentials: credentialsOf(subject) }
        : null,
  };
  const reports = await options.members.readReports(target, signal);
  const committed = await findMembership(target, reports, options, signal);
  const sets = { members: setOf(live.sets.members), observers: setOf(live.sets.observers) };
  const { refusals, wallMs } = options;
  const growth = { ensemble, refusals, wallMs };
  const lastZxids = lastZxidsOf(ensemble);
  const settingsDigest = settingsDigestOf(subject);
  const members = joinMembers({
    pods,
    claims,
    reports,
    committed,
    sets,
    growth,
    lastZxids,
    settingsDigest,
  });
  const leader = members.find(({ report }) => report?.role === "leader")?.sid ?? null;
  const observed: EnsembleObserved = {
    recorded,
    children: {
      isCurrent: areCurrent(subject, { live, committed, defaultImage }, applied),
      isSettled: sets.members?.isSettled === true && sets.observers?.isSettled === true,
      isFounding: isFoundingMap(live.configMap),
      sizes: {
        members: sets.members?.replicas ?? null,
        observers: sets.observers?.replicas ?? null,
      },
      outgrown: COMPONENTS.filter((component) => isOutgrown(live.sets[component], ensemble)),
    },
    committed,
    members,
    failedHandOvers: options.failedHandOvers(leader),
    importable: recorded.phase === null ? await readImportable(subject, options, signal) : null,
  };
  return { ...subject, observed, target, pods, claims, live };
}

/**
 * The membership, from a quorum that serves; null if there is none. One that is lost would be
 * waited for at each look: before something is done that is right, but only to say how things are,
 * it is enough that all members have just said that they do not serve. One that is silent may
 * serve.
 */
async function findMembership(
  target: EnsembleTarget,
  reports: ReadonlyMap<number, ObservedReport>,
  { isFresh, knownMembership, members }: ObserveOptions,
  signal: AbortSignal,
): Promise<Membership | null> {
  const asked = withoutSilent(target, reports);
  if (!isFresh) {
    const known = knownMembership(reports);
    const sids = [...asked.members, ...(asked.imported?.servers ?? [])].map(({ sid }) => sid);
    const serveNobody = sids.every((sid) => reports.get(sid)?.role === "none");
    if (known !== null || serveNobody) return known;
  }
  return members.readMembership(asked, signal);
}

/** Imported servers may be gone for good: nobody has to wait for their answer. */
function withoutSilent(
  target: EnsembleTarget,
  reports: ReadonlyMap<number, ObservedReport>,
): EnsembleTarget {
  const { imported } = target;
  if (imported === null) return target;
  const servers = imported.servers.filter(({ sid }) => reports.has(sid));
  return { ...target, imported: { ...imported, servers } };
}

async function readImportable(
  { ensemble, importLogin }: Subject,
  { members }: ObserveOptions,
  signal: AbortSignal,
): Promise<ImportReading | null> {
  const { import: wanted } = ensemble.spec.bootstrap;
  if (wanted === undefined) return null;
  if (importLogin?.kind === "problem") return { ...importLogin, reason: "NotAllowed" };
  const credentials = importLogin?.credentials ?? null;
  return members.readImport({ servers: wanted.servers, credentials }, signal);
}

function credentialsOf({ importLogin }: Subject): string | null {
  return importLogin?.kind === "login" ? importLogin.credentials : null;
}

/** Of the settings that all members are to have. */
function settingsDigestOf({ ensemble, adminPassword }: Subject): string | undefined {
  const { ensembleUid } = readRecord(ensemble);
  if (ensembleUid === null || adminPassword === null) return undefined;
  const identity = { ensembleUid, operatorDigest: operatorDigest(adminPassword) };
  return renderMemberSettings(ensemble, identity).digest;
}

function setOf(set: KubeObject | undefined): ObservedSet | null {
  return set === undefined ? null : observeSet(set);
}

function bySid(
  objects: readonly KubeObject[],
  podNameOf: (object: KubeObject) => string,
): Map<number, KubeObject> {
  const entries = objects.flatMap((object): [number, KubeObject][] => {
    const sid = memberIdOf(podNameOf(object));
    return sid === null ? [] : [[sid, object]];
  });
  return new Map(entries.sort(([left], [right]) => left - right));
}

/** The last transactions that members were known to have, as they were written down. */
function lastZxidsOf({ status }: Ensemble): ReadonlyMap<number, bigint> {
  const known = (status?.members ?? []).flatMap(({ id, zxid }): [number, bigint][] =>
    zxid === undefined ? [] : [[id, BigInt(zxid)]],
  );
  return new Map(known);
}

/** Every member that has a pod, a claim or a place in the membership. */
function joinMembers({
  pods,
  claims,
  reports,
  committed,
  sets,
  growth,
  lastZxids,
  settingsDigest,
}: {
  readonly pods: ReadonlyMap<number, KubeObject>;
  readonly claims: readonly KubeObject[];
  readonly reports: ReadonlyMap<number, ObservedReport>;
  readonly committed: Membership | null;
  readonly sets: { readonly members: ObservedSet | null; readonly observers: ObservedSet | null };
  readonly growth: Omit<GrowthContext, "pod">;
  readonly lastZxids: ReadonlyMap<number, bigint>;
  readonly settingsDigest: string | undefined;
}): ObservedMember[] {
  const claimsOf = Map.groupBy(claims, ({ metadata }) =>
    memberIdOf(metadata.name.replace(/^(data|log)-/u, "")),
  );
  const sids = new Set([
    ...pods.keys(),
    ...[...claimsOf.keys()].filter((sid) => sid !== null),
    ...(committed?.voters ?? []),
    ...(committed?.observers ?? []),
  ]);
  return [...sids]
    .sort((left, right) => left - right)
    .map((sid) => {
      const pod = pods.get(sid);
      const set = sets[componentOf(sid)];
      const own = (claimsOf.get(sid) ?? []).map((claim) => observeClaim(claim, { ...growth, pod }));
      return {
        sid,
        pod: pod === undefined ? null : observePod(pod, set?.revision ?? null),
        // "data-…" comes before "log-…".
        claims: own.sort((left, right) => (left.name < right.name ? -1 : 1)),
        report: reports.get(sid) ?? null,
        lastZxid: lastZxids.get(sid),
        settingsDigest,
      };
    });
}
