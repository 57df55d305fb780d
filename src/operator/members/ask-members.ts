/**
 * Asks all members at once what they are to the ensemble, and joins the answers: how far behind a
 * learner is, its leader says, for both zxids at the same moment.
 */
import type { ObservedReport } from "../plan/ensemble-observed.ts";
import { askAdmin } from "./admin-request.ts";
import type { MemberAddress } from "./member-address.ts";
import { MemberError } from "./member-error.ts";
import { parseMemberState } from "./member-state.ts";
import type { MemberState } from "./member-state.ts";

/**
 * The reports of the members at `addresses`, by id; null for one that did not answer in time, or
 * was not the one that was expected there: an address may be another pod's by now.
 *
 * @param timeoutMs - for all together.
 */
export async function askMembers(
  addresses: ReadonlyMap<number, MemberAddress>,
  timeoutMs: number,
): Promise<Map<number, ObservedReport | null>> {
  const states = await Promise.all(
    [...addresses].map(async ([sid, address]) => {
      return [sid, await askMember(sid, address, timeoutMs)] as const;
    }),
  );
  return joinReports(new Map(states));
}

async function askMember(
  sid: number,
  address: MemberAddress,
  timeoutMs: number,
): Promise<MemberState | null> {
  try {
    const request = { method: "GET", path: "/commands/member_state", timeoutMs } as const;
    const { body } = await askAdmin(address, request);
    const state = parseMemberState(body);
    return state.sid === sid ? state : null;
  } catch (error) {
    if (error instanceof MemberError) return null;
    throw error;
  }
}

/** Makes reports of what members say, and what their leader says of them. */
export function joinReports(
  states: ReadonlyMap<number, MemberState | null>,
): Map<number, ObservedReport | null> {
  const leader = findLeader(states);
  const reports = new Map<number, ObservedReport | null>();
  for (const [sid, state] of states) {
    reports.set(sid, state === null ? null : reportOf(state, leader));
  }
  return reports;
}

/** Of two that say to lead, the one of the later epoch does. */
function findLeader(states: ReadonlyMap<number, MemberState | null>): MemberState | null {
  let leader: MemberState | null = null;
  for (const state of states.values()) {
    if (state?.role === "leader" && state.epoch > (leader?.epoch ?? -1)) leader = state;
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

/** Other words of a member for what it is come to serving nobody. */
const ROLES: Readonly<Record<string, ObservedReport["role"] | undefined>> = {
  leader: "leader",
  follower: "follower",
  observer: "observer",
  joining: "learner",
};
