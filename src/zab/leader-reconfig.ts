/**
 * What a leader has to judge about configurations: whether it may propose another one, what it
 * names the first one, and who leads on under the next (ZooKeeper 3.9 `Leader.isQuorumSynced`,
 * `getDesignatedLeader`).
 */
import { PacketType } from "../wire/index.ts";
import { designatedLeader, informOfActivation } from "./inform-observers.ts";
import type { LeaderParts } from "./leader-parts.ts";
import { membershipOf, quorumAddresses } from "./membership.ts";
import type { Membership } from "./membership.ts";
import type { PeerContext } from "./peer-context.ts";
import type { Proposal } from "./proposals.ts";
import { Voters } from "./quorum.ts";

/** Why a reconfiguration is impossible at present. */
export type ReconfigProblem =
  /** Configurations do not change here. */
  | "disabled"
  /** Another one is not committed yet. */
  | "in-progress"
  /** No voters, or too many. */
  | "bad-size"
  /** No quorum of the next voters is connected and synchronised. */
  | "no-quorum";

export function findReconfigProblem(
  { context, learners }: LeaderParts,
  next: Membership,
): ReconfigProblem | undefined {
  const { configs } = context;
  if (!configs.isChangeable) return "disabled";
  if (configs.lastSeen !== undefined) return "in-progress";
  if (next.voters.length === 0 || !configs.canSee(next)) return "bad-size";
  const voters = new Voters([next]);
  return voters.isQuorum(learners.liveVoters(voters), "liveness") ? undefined : "no-quorum";
}

/**
 * A configuration that was written by hand is named after the first epoch in which it is in
 * force, so that it outdoes others that were (ZooKeeper 3.5 and later).
 *
 * @param version zxid that stands for the start of the epoch.
 */
export function nameConfiguration({ configs }: PeerContext, version: bigint): void {
  const { config, version: given } = configs.newest;
  if (given !== 0n || config === undefined) return;
  configs.see(membershipOf({ ...config, version }));
}

/** Whether this leader leads on under `next`: as a voter of weight, at the same address. */
export function remainsLeader({ configs, sid }: PeerContext, next: Membership): boolean {
  if (!new Voters([next]).mayLead(sid)) return false;
  const before = quorumAddresses(configs.active, sid);
  return before === undefined || before === quorumAddresses(next, sid);
}

/**
 * Who is to lead once a reconfiguration is in force: this server if it can, else the one of the
 * next voters that has acknowledged the most, so that the least is lost.
 */
function designateLeader(
  { context, proposals }: LeaderParts,
  committed: Proposal,
  next: Membership,
): bigint {
  const { sid } = context;
  if (remainsLeader(context, next)) return sid;
  const { acks, voters } = committed;
  const able = new Voters([next]);
  const candidates = next.voters.filter((other) => {
    return other !== sid && able.mayLead(other) && (acks & voters.bit(other)) !== 0;
  });
  return proposals.furthest(candidates) ?? sid;
}

/**
 * Puts a committed reconfiguration in force here, and tells the learners to. Returns whom it told
 * them to follow.
 */
export function activateEverywhere(
  parts: LeaderParts,
  committed: Proposal,
  next: Membership,
): bigint {
  const { outbox, configs } = parts.context;
  const { followers, observers } = parts.learners;
  const designated = designateLeader(parts, committed, next);
  configs.activate(next);
  parts.proposals.transfer();
  const body = designatedLeader(designated);
  outbox.broadcast(followers, PacketType.commitAndActivate, committed.entry.zxid, body);
  informOfActivation(outbox, observers, committed.entry, designated);
  return designated;
}
