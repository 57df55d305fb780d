/**
 * Makes reports of what members say of themselves, and of what their leader says of them: how far
 * behind a learner is, the leader knows for both zxids at the same moment.
 */
import type { ObservedReport } from "../plan/ensemble-observed.ts";
import type { MemberState } from "./member-state.ts";

/** The reports of members, by id. */
export function joinReports(states: readonly MemberState[]): Map<number, ObservedReport> {
  const leader = findLeader(states);
  return new Map(states.map((state) => [state.sid, reportOf(state, leader)]));
}

/** Of two that say to lead, the one of the later epoch does. */
function findLeader(states: readonly MemberState[]): MemberState | null {
  let leader: MemberState | null = null;
  for (const state of states) {
    if (state.role === "leader" && state.epoch > (leader?.epoch ?? -1)) leader = state;
  }
  return leader;
}

function reportOf(state: MemberState, leader: MemberState | null): ObservedReport {
  const { zxid, epoch, configVersion, ensembleUid, diskProblem } = state;
  const role = ROLES[state.role] ?? "none";
  const isSynced = role !== "none" && role !== "learner";
  const lag = state === leader ? 0 : (leader?.learnerLags.get(state.sid) ?? null);
  return { role, zxid, epoch, lag, configVersion, isSynced, ensembleUid, diskProblem };
}

/** Whatever else a member says to be, it serves nobody who writes. */
const ROLES: Readonly<Record<string, ObservedReport["role"] | undefined>> = {
  leader: "leader",
  follower: "follower",
  observer: "observer",
  joining: "learner",
};
