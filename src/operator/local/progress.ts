/**
 * What is said about actions of the planner: the reasons are those of the operator's Events on
 * Kubernetes, and say in one word what was done; the words are those of one machine.
 */
import type { EnsembleStep } from "../plan/ensemble-action.ts";

/** Something that is done, or could not be done. */
export interface Progress {
  /** One word, such as MemberAdded. */
  readonly reason: string;
  /** A sentence without a full stop. */
  readonly note: string;
}

/** What is said of an action that was carried out; null for those that are not worth a line. */
export function describeProgress({ action }: EnsembleStep): Progress | null {
  switch (action.kind) {
    case "addMember":
      return {
        reason: "MemberAdded",
        note: `member ${String(action.sid)} joined the membership as ${action.role}`,
      };
    case "removeMember":
      return {
        reason: "MemberRemoved",
        note: `member ${String(action.sid)} left the membership`,
      };
    case "transferLeadership":
      return {
        reason: "LeadershipMoved",
        note: `member ${String(action.to)} leads in place of member ${String(action.from)}`,
      };
    case "deletePod":
      return {
        reason: action.reason,
        note: `member ${String(action.sid)} is to be started anew`,
      };
    case "deleteClaim":
      return { reason: "VolumeDeleted", note: `${action.name} was deleted` };
    default:
      // Records, and sizes that the lines about processes tell of.
      return null;
  }
}
