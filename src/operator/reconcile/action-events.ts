/** What is said in Events about the operator's own actions. */
import type { Ensemble } from "../api/index.ts";
import { podName } from "../desired/member-names.ts";
import type { EventNote, EventRecorder, KubeObject } from "../kube/index.ts";
import type { EnsembleAction, EnsembleStep } from "../plan/ensemble-action.ts";

/** Records an Event about an ensemble, if there is something to say. */
export function tell(events: EventRecorder, object: KubeObject, note: EventNote | null): void {
  if (note === null) return;
  const { apiVersion, kind, metadata } = object;
  const { name, namespace = "", uid } = metadata;
  events.record({ apiVersion, kind, name, namespace, uid }, note);
}

/** The Event of an action that was carried out; null for those that are not worth one. */
export function describeAction(
  ensemble: Ensemble,
  { action, reason: why }: EnsembleStep,
): EventNote | null {
  const verdict = nameAction(ensemble, action);
  if (verdict === null) return null;
  const [reason, what] = verdict;
  return { type: "Normal", reason, action: capitalized(action.kind), note: `${what}: ${why}` };
}

/** The Event of an action that failed. */
export function describeFailure({ action }: EnsembleStep, error: Error): EventNote {
  const note = error.message.split("\n")[0] ?? error.message;
  return { type: "Warning", reason: "ActionFailed", action: capitalized(action.kind), note };
}

function nameAction(
  ensemble: Ensemble,
  action: EnsembleAction,
): readonly [reason: string, what: string] | null {
  const pod = (sid: number): string => podName(ensemble, sid);
  switch (action.kind) {
    case "recordForming":
      return ["Forming", `The ensemble begins with ${String(action.founders.length)} members`];
    case "recordAdopted":
      return ["Adopted", "The ensemble goes on with the volumes that were kept"];
    case "recordImporting":
      return ["Importing", `${String(action.servers.length)} servers are to be taken over`];
    case "recordRecovery":
      return ["Recovering", `The quorum of ensemble ${action.lostUid} is given up`];
    case "recordRunning":
      if (ensemble.status?.phase === "Recovering") {
        return ["Recovered", `${pod(ensemble.status.recovery?.survivor ?? 0)} serves alone`];
      }
      return ensemble.spec.bootstrap.import === undefined
        ? ["Formed", "The ensemble has formed"]
        : ["OldServersMayGo", "The import is complete"];
    case "resizeStatefulSet":
      return ["Resized", `The ${action.component} are ${String(action.replicas)} pods now`];
    case "addMember":
      return ["MemberAdded", `${pod(action.sid)} joined as ${action.role}`];
    case "removeMember":
      return ["MemberRemoved", `${nameMember(ensemble, action.sid)} left the membership`];
    case "transferLeadership":
      return ["LeadershipMoved", `${pod(action.to)} leads in place of ${pod(action.from)}`];
    case "deletePod":
      return [action.reason, `Pod ${pod(action.sid)} was deleted to be made anew`];
    case "deleteClaim":
      return ["VolumeDeleted", `Claim ${action.name} was deleted`];
    case "growClaim":
      return ["VolumeGrowing", `Claim ${action.name} asks for a larger volume`];
    case "orphanPods":
      return ["StatefulSetReplaced", `The StatefulSet of the ${action.component} is made anew`];
    case "release":
      return ["Released", "All volumes are gone and the ensemble can go"];
    case "applyChildren":
    case "recordSizes":
    case "markClaim":
    case "wait":
    case "none":
      return null;
  }
}

/** A pod, or a server that is being taken over. */
function nameMember(ensemble: Ensemble, sid: number): string {
  const imported = ensemble.status?.importedServers?.find(({ id }) => id === sid);
  if (imported === undefined) return podName(ensemble, sid);
  return `Server ${String(sid)} (${imported.address})`;
}

function capitalized(kind: string): string {
  return kind.charAt(0).toUpperCase() + kind.slice(1);
}
