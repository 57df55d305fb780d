/**
 * Makes reports of what members say of themselves, and of what their leader says of them: how far
 * behind a learner is, the leader knows for both zxids at the same moment. A leader that does not
 * say so, as ZooKeeper's, has only its zxid to compare with, of about the same moment.
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
  const { zxid, configVersion, voters, ensembleUid, diskProblem, settings } = state;
  const role = ROLES[state.role] ?? "none";
  const isSynced = role !== "none" && role !== "learner";
  const lag = isSynced || state === leader ? lagOf(state, leader) : null;
  const epoch = epochOf(state, leader);
  const known = { zxid, epoch, lag, configVersion, voters, ensembleUid, diskProblem, settings };
  return { role, isSynced, ...known };
}

/** A server that does not say its epoch and follows is in that of its leader. */
function epochOf(state: MemberState, leader: MemberState | null): number {
  const isUnknown = state.learnerLags === null && state.role !== "leader";
  return isUnknown ? Math.max(state.epoch, leader?.epoch ?? 0) : state.epoch;
}

function lagOf(state: MemberState, leader: MemberState | null): number | null {
  if (leader === null) return null;
  if (state === leader) return 0;
  if (leader.learnerLags !== null) return leader.learnerLags.get(state.sid) ?? null;
  const difference = leader.zxid - state.zxid;
  if (difference <= 0n) return 0;
  // Whoever follows in this epoch has all of those before it.
  const isSameEpoch = leader.zxid >> 32n === state.zxid >> 32n;
  return Number(isSameEpoch ? difference : BigInt.asUintN(32, leader.zxid));
}

/** Whatever else a member says to be, it serves nobody who writes. */
const ROLES: Readonly<Record<string, ObservedReport["role"] | undefined>> = {
  leader: "leader",
  follower: "follower",
  observer: "observer",
  joining: "learner",
};
