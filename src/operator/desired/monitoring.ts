/**
 * What the Prometheus operator is told, where the spec asks for it: whom to ask for metrics, and
 * when to raise an alarm. `docs/metrics.md` explains the metrics.
 */
import type { Ensemble } from "../api/ensemble.ts";
import { buildChild, memberLabels, membersServiceName } from "./child.ts";
import type { Owner, SpecObject } from "./child.ts";

/** The ServiceMonitor, or null if there is to be none. */
export function buildServiceMonitor(owner: Owner): SpecObject | null {
  const { ensemble } = owner;
  const { enabled, labels, intervalSeconds } = ensemble.spec.metrics.serviceMonitor;
  if (!enabled) return null;
  return buildChild(owner, {
    apiVersion: MONITORING_API,
    kind: "ServiceMonitor",
    name: ensemble.metadata.name,
    labels,
    content: {
      spec: {
        // Of the Services with these labels only that of the members has the port.
        selector: { matchLabels: memberLabels(ensemble) },
        endpoints: [{ port: "metrics", interval: `${String(intervalSeconds)}s` }],
      },
    },
  });
}

/** The PrometheusRule, or null if there is to be none. */
export function buildPrometheusRule(owner: Owner): SpecObject | null {
  const { ensemble } = owner;
  const { enabled, labels } = ensemble.spec.metrics.rules;
  // Members that are stopped on purpose are no alarm.
  if (!enabled || ensemble.spec.hibernated) return null;
  const { name, namespace } = ensemble.metadata;
  return buildChild(owner, {
    apiVersion: MONITORING_API,
    kind: "PrometheusRule",
    name,
    labels,
    content: {
      spec: {
        groups: [{ name: `ensemble-${namespace}-${name}`, rules: alertsOf(ensemble).map(toRule) }],
      },
    },
  });
}

const MONITORING_API = "monitoring.coreos.com/v1";

interface Alert {
  readonly name: string;
  readonly expression: string;
  /** How long it has to hold. */
  readonly minutes: number;
  readonly severity: "warning" | "critical";
  readonly summary: string;
}

function alertsOf(ensemble: Ensemble): Alert[] {
  const { name, namespace } = ensemble.metadata;
  const members = `{namespace="${namespace}",service="${membersServiceName(ensemble)}"}`;
  const who = `${namespace}/${name}`;
  const critical = { severity: "critical", minutes: 1 } as const;
  const warning = { severity: "warning", minutes: 10 } as const;
  return [
    {
      ...critical,
      name: "EnsembleHasNoLeader",
      expression: `absent(leader_uptime${members})`,
      summary: `No member of ${who} leads: nothing is served`,
    },
    {
      ...critical,
      name: "EnsembleDiskFull",
      expression: `ensemble_disk_full${members} == 1`,
      summary: `The disk of a member of ${who} is full`,
    },
    {
      ...critical,
      name: "EnsembleTreesDiffer",
      expression: `increase(digest_mismatches_count${members}[1h]) > 0`,
      minutes: 0,
      summary: `A member of ${who} has another tree than the leader`,
    },
    {
      ...warning,
      name: "EnsembleMemberDown",
      expression: `up${members} == 0`,
      summary: `A member of ${who} does not answer`,
    },
    {
      ...warning,
      name: "EnsembleFollowersNotInSync",
      expression: `synced_followers${members} < quorum_size${members} - 1`,
      summary: `Fewer followers of ${who} are in sync than there should be`,
    },
    {
      ...warning,
      name: "EnsembleDiskStalls",
      expression: `max_over_time(ensemble_disk_stalled${members}[5m]) == 1`,
      summary: `The disk of a member of ${who} stalls`,
    },
    {
      ...warning,
      name: "EnsembleHistoryDamaged",
      expression: `ensemble_resyncing_after_damage${members} == 1`,
      summary: `A member of ${who} has no vote, as its history was damaged`,
    },
  ];
}

function toRule({ name, expression, minutes, severity, summary }: Alert): object {
  return {
    alert: name,
    expr: expression,
    for: `${String(minutes)}m`,
    labels: { severity },
    annotations: { summary },
  };
}
