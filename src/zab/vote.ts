/**
 * Votes and their order (ZooKeeper 3.9 `Vote`, `FastLeaderElection.totalOrderPredicate`). The
 * server with the newest history wins: higher epoch, then higher zxid, then higher id.
 */
import type { Notification, PeerState } from "../wire/index.ts";

/** Whom somebody wants as leader, and why. */
export interface Candidate {
  readonly leader: bigint;
  /** Last logged zxid of `leader`. */
  readonly zxid: bigint;
  /** currentEpoch of `leader`. */
  readonly peerEpoch: bigint;
}

/** A candidate as voted for by a server in some round and state. */
export interface Vote extends Candidate {
  readonly electionEpoch: bigint;
  readonly state: PeerState;
}

/** Whether `a` makes a better leader than `b`. */
export function isBetter(a: Candidate, b: Candidate): boolean {
  if (a.peerEpoch !== b.peerEpoch) return a.peerEpoch > b.peerEpoch;
  if (a.zxid !== b.zxid) return a.zxid > b.zxid;
  return a.leader > b.leader;
}

/** Whether the history of `a` goes beyond that of `b`. */
export function isAhead(a: Candidate, b: Candidate): boolean {
  return a.peerEpoch > b.peerEpoch || (a.peerEpoch === b.peerEpoch && a.zxid > b.zxid);
}

export function voteOf(notification: Notification): Vote {
  const { leader, zxid, peerEpoch, electionEpoch, state } = notification;
  return { leader, zxid, peerEpoch, electionEpoch, state };
}

/** Whether two votes of servers that are LOOKING are for the same thing. */
export function isSameProposal(a: Vote, b: Vote): boolean {
  return (
    a.leader === b.leader &&
    a.zxid === b.zxid &&
    a.peerEpoch === b.peerEpoch &&
    a.electionEpoch === b.electionEpoch
  );
}
