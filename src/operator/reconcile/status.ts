/**
 * The status of an ensemble, made anew from each observation, and when it is worth a write: when it
 * says something else. How far each member is changes all the time; that alone is written now and
 * then only.
 */
import { buildCondition, mergeConditions } from "../api/index.ts";
import type { Condition, ConditionContext, ConditionType } from "../api/conditions.ts";
import type { EnsembleStatus, TargetStatus } from "../api/ensemble-status.ts";
import { podName } from "../desired/member-names.ts";
import { componentLabels } from "../desired/pod-template.ts";
import { formatZxid } from "../format-zxid.ts";
import type { EnsembleStep } from "../plan/ensemble-action.ts";
import type { Recorded } from "../plan/ensemble-observed.ts";
import type { EnsembleWanted } from "../plan/ensemble-wanted.ts";
import { describeConditions, describeMembers, followProgress, isOverdue } from "../plan/index.ts";
import type { Progress } from "../plan/index.ts";
import type { ConditionFact } from "../plan/conditions.ts";
import type { KubeObject } from "../kube/index.ts";
import { tagOf } from "./desired-children.ts";
import { containerImageOf } from "./observe-pods.ts";
import type { Observation } from "./observe.ts";

/** What goes into a status. */
export interface StatusParts {
  readonly observation: Observation;
  readonly wanted: EnsembleWanted;
  readonly step: EnsembleStep;
  /** What is to be on record from now on. */
  readonly recorded: Recorded;
  readonly image: string;
  readonly context: ConditionContext;
}

/** The status. */
export function buildStatus(parts: StatusParts): EnsembleStatus {
  const { observation, wanted, step, recorded, context } = parts;
  const { ensemble, observed } = observation;
  const { members, leaderSid, ...counts } = describeMembers(wanted, observed);
  const facts = describeConditions(wanted, observed, step);
  const build = <T extends ConditionType>(type: T, fact: ConditionFact<T>): Condition =>
    buildCondition(type, fact.reason, fact.message, context);
  const target = buildTarget(parts);
  const progress = buildProgress(parts, target);
  return {
    observedGeneration: context.generation,
    ...(recorded.phase === null ? {} : { phase: recorded.phase }),
    ...(recorded.ensembleUid === null ? {} : { ensembleUid: recorded.ensembleUid }),
    founders: recorded.founders,
    sizes: recorded.sizes,
    ...buildImported(recorded),
    ...buildRecovery(recorded),
    ...counts,
    selector: Object.entries(componentLabels(ensemble, "member"))
      .map(([key, value]) => `${key}=${value}`)
      .join(","),
    ...(leaderSid === null ? {} : { leader: podName(ensemble, leaderSid) }),
    version: versionOf([...observation.pods.values()]),
    target,
    ...(progress === null ? {} : { progress }),
    members: members.map((member) => ({ ...member, name: podName(ensemble, member.id) })),
    conditions: mergeConditions(ensemble.status?.conditions ?? [], [
      build("Ready", facts.Ready),
      build("Progressing", inTime(parts, facts.Progressing, progress)),
      build("Degraded", facts.Degraded),
      build("QuorumAvailable", facts.QuorumAvailable),
      build("ScaleAllowed", facts.ScaleAllowed),
      build("ConfigurationInSync", facts.ConfigurationInSync),
      ...(facts.Imported === null ? [] : [build("Imported", facts.Imported)]),
      ...(facts.Recovered === null ? [] : [build("Recovered", facts.Recovered)]),
    ]),
  };
}

/** Only of an ensemble that was imported; the servers are not known to one that is made anew. */
function buildImported({
  imported,
  firstSid,
}: Recorded): Pick<EnsembleStatus, "firstId" | "importedServers"> {
  const importedServers = imported.map(({ sid, ...rest }) => ({ id: sid, ...rest }));
  return {
    ...(firstSid === 1 ? {} : { firstId: firstSid }),
    ...(imported.length === 0 ? {} : { importedServers }),
  };
}

/** Stays for good: it is about volumes that may come back at any time. */
function buildRecovery({ recovery }: Recorded): Pick<EnsembleStatus, "recovery"> {
  if (recovery === null) return {};
  const { survivor, lostUid, zxid, others } = recovery;
  const known = others.map((other) => {
    return { id: other.sid, ...(other.zxid === null ? {} : { zxid: formatZxid(other.zxid) }) };
  });
  return {
    recovery: { survivor, lostEnsembleUid: lostUid, zxid: formatZxid(zxid), others: known },
  };
}

/** The status of an ensemble whose specification is refused: the rest stays as it was. */
export function buildRefusedStatus(
  before: EnsembleStatus | null,
  problem: string,
  context: ConditionContext,
): EnsembleStatus {
  const conditions = before?.conditions ?? [];
  const refused = mergeConditions(conditions, [
    buildCondition("Progressing", "SpecRefused", problem, context),
    buildCondition("ConfigurationInSync", "ConfigurationRefused", problem, context),
  ]);
  const others = conditions.filter(({ type }) => refused.every((one) => one.type !== type));
  const { generation } = context;
  return { ...before, observedGeneration: generation, conditions: [...others, ...refused] };
}

/** Whether `next` says anything that `before` does not, how far members are left aside. */
export function saysSomethingElse(before: EnsembleStatus | null, next: EnsembleStatus): boolean {
  return before === null || canonical(withoutMotion(before)) !== canonical(withoutMotion(next));
}

/** Whether `next` differs at all. */
export function differs(before: EnsembleStatus | null, next: EnsembleStatus): boolean {
  return before === null || canonical(before) !== canonical(next);
}

/** The tag of the image that all pods have; empty while they differ. */
function versionOf(pods: readonly KubeObject[]): string {
  const [version = "", ...others] = new Set(pods.map((pod) => tagOf(containerImageOf(pod))));
  return others.length === 0 ? version : "";
}

/** What is being worked towards; the time stays for as long as the rest does. */
function buildTarget({ observation, image, context }: StatusParts): TargetStatus {
  const { spec, status } = observation.ensemble;
  const { replicas, observers } = spec;
  const { generation, now } = context;
  const target: TargetStatus = { generation, replicas, observers, image, latchedAt: now };
  const before = status?.target;
  if (before === undefined) return target;
  const isSame = canonical({ ...before, latchedAt: now }) === canonical(target);
  return isSame ? before : target;
}

/** How far it has come towards a target; another one is begun anew. */
function buildProgress(parts: StatusParts, target: TargetStatus): Progress | null {
  const { observation, wanted, step, context } = parts;
  const { status } = observation.ensemble;
  const before = target === status?.target ? (status.progress ?? null) : null;
  const { observed } = observation;
  return followProgress({ wanted, observed, step, now: context.now }, before);
}

/** What Progressing is to say, unless that has been going on for too long. */
function inTime(
  { observation, context }: StatusParts,
  fact: ConditionFact<"Progressing">,
  progress: Progress | null,
): ConditionFact<"Progressing"> {
  const { progressDeadlineSeconds: deadline } = observation.ensemble.spec;
  if (progress === null || !isOverdue(progress, context.now, deadline)) return fact;
  const message = `No closer to the spec for ${String(deadline)} s: ${fact.message}`;
  return { reason: "DeadlineExceeded", message };
}

function withoutMotion(status: EnsembleStatus): EnsembleStatus {
  const members = status.members?.map(({ zxid: _zxid, lag: _lag, ...rest }) => rest);
  return members === undefined ? status : { ...status, members };
}

/** JSON with the keys in order: the API server has an order of its own. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  );
}
