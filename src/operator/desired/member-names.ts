/**
 * What members are called: the id of a server follows from its pod's name, which Kubernetes gives
 * and keeps, and its address from both. Ids of observers begin above those of all voters.
 */
import type { Ensemble } from "../api/ensemble.ts";
import { MEMBER_PORTS, membersServiceName } from "./child.ts";

/** Whether a member votes, as lines of members have it. */
export type MemberRole = "participant" | "observer";

/** Id of the first observer; no more voters than this are possible. */
const OBSERVER_ID_MIN = 101;

const OBSERVERS_SUFFIX = "-observers";

/**
 * The server id of a pod.
 *
 * @returns null for a name that no pod of an ensemble has.
 */
export function memberIdOf(podName: string): number | null {
  const parts = /^(.+)-(0|[1-9][0-9]{0,3})$/u.exec(podName);
  if (parts === null) return null;
  const [, set = "", ordinal] = parts;
  return Number(ordinal) + (set.endsWith(OBSERVERS_SUFFIX) ? OBSERVER_ID_MIN : 1);
}

/** The pod of a server id. */
export function podName({ metadata }: Pick<Ensemble, "metadata">, id: number): string {
  return id < OBSERVER_ID_MIN
    ? `${metadata.name}-${String(id - 1)}`
    : `${metadata.name}${OBSERVERS_SUFFIX}-${String(id - OBSERVER_ID_MIN)}`;
}

/** The ids of the members that are wanted, ascending. */
export function wantedIds({ spec, status }: Ensemble): number[] {
  const from = (first: number, count: number): number[] =>
    Array.from({ length: count }, (_, index) => first + index);
  return [...from(status?.firstId ?? 1, spec.replicas), ...from(OBSERVER_ID_MIN, spec.observers)];
}

/** Where a member is to be found by the others, whatever its address is at the time. */
export function memberHost(ensemble: Ensemble, id: number): string {
  const { metadata, spec } = ensemble;
  const service = membersServiceName(ensemble);
  return `${podName(ensemble, id)}.${service}.${metadata.namespace}.svc.${spec.clusterDomain}`;
}

/** A member's line, as configurations of servers and reconfigurations have it. */
export function serverLine(ensemble: Ensemble, id: number, role: MemberRole): string {
  const { quorum, election } = MEMBER_PORTS;
  const address = `${memberHost(ensemble, id)}:${String(quorum)}:${String(election)}`;
  const { port } = ensemble.spec.service.client;
  return `server.${String(id)}=${address}:${role};${String(port)}`;
}
