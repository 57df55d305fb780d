/**
 * Fast leader election (ZooKeeper 3.9 `FastLeaderElection`) as a state machine. Servers that look
 * for a leader exchange votes in numbered rounds and change to better ones; when a quorum has
 * voted alike and nothing better comes for a moment, the round is decided. A server that comes
 * late learns of a sitting leader from a quorum of servers that already follow it.
 *
 * It elects a candidate; that there is one leader per epoch is not its task but that of discovery,
 * in which a leader must win a quorum for its epoch.
 */
import type { Logger } from "../observe/index.ts";
import { PeerState, formatHex, noVote } from "../wire/index.ts";
import type { Notification } from "../wire/index.ts";
import { epochMax } from "./discovery.ts";
import type { Configurations } from "./configurations.ts";
import type { PeerTiming } from "./peer-options.ts";
import type { Successor } from "./peer-context.ts";
import type { Voters } from "./quorum.ts";
import type { Outbox } from "./ready.ts";
import { isAhead, isBetter, isSameProposal, voteOf } from "./vote.ts";
import type { Candidate, Vote } from "./vote.ts";

/** zxid in the votes of a server whose disk is not whole: its vote does not count. */
export const uninitialisedZxid = -1n;

/**
 * Highest round that is believed. Rounds are int64, and whoever hears of a higher one goes over to
 * it: at the last one there would be no next.
 */
const roundMax = 2n ** 62n;

/** While a configuration is proposed: how long one choice of candidates holds. */
const turnMs = 2000;

/**
 * Whether a server can have sent this vote. Its zxid and epoch need not fit each other: after a
 * forged vote has won an election, the servers that settled tell of it with their true epoch.
 */
function isPlausible({ zxid, peerEpoch, electionEpoch }: Vote): boolean {
  const isRound = electionEpoch >= 0n && electionEpoch <= roundMax;
  const isEpoch = peerEpoch >= 0n && peerEpoch <= BigInt(epochMax);
  return isRound && isEpoch && zxid >= uninitialisedZxid;
}

export interface ElectionOptions {
  readonly sid: bigint;
  readonly configs: Configurations;
  readonly timing: PeerTiming;
  readonly outbox: Outbox;
  readonly logger: Logger;
}

/** One server's part in elections; used again for each. */
export class Election {
  readonly #options: ElectionOptions;
  /** The round (ZooKeeper's logicalclock); only grows. */
  #round = 0n;
  #initial: Candidate = { leader: noVote, zxid: noVote, peerEpoch: noVote };
  #proposal: Candidate = this.#initial;
  /** Votes of this round, by voter. */
  #votes = new Map<bigint, Vote>();
  /** What servers that are no longer looking say, of whatever round. */
  #settled = new Map<bigint, Vote>();
  /** Voters that said in this round that their votes do not count, as a mask. */
  #missed = 0;
  #winner: Vote | undefined;
  /**
   * Voters whose agreement decides at once: those of the next configuration, too, while there is
   * one. They do not count, but may know that it is in force, and that somebody leads already.
   */
  #expected: readonly bigint[] = [];
  #decideAtMs: number | undefined;
  #rebroadcastMs = 0;
  #rebroadcastAtMs = 0;
  /** Whether only voters of the configuration in force may be elected: others may know no more. */
  #isNarrow = false;
  #turnAtMs = 0;
  #nowMs = 0;

  constructor(options: ElectionOptions) {
    this.#options = options;
  }

  /** Of the configuration in force and of one that is proposed. */
  get #voters(): Voters {
    return this.#options.configs.voters;
  }

  get round(): bigint {
    return this.#round;
  }

  /** The decision of the current round, once there is one. */
  get winner(): Vote | undefined {
    return this.#winner;
  }

  /** The voters without which there is no quorum, and whose votes do not count; else none. */
  get votersMissed(): readonly bigint[] {
    const { sid, configs } = this.#options;
    const voters = configs.electors;
    const isOwnMissed = this.#initial.zxid === uninitialisedZxid;
    const missed = this.#missed | (isOwnMissed ? voters.bit(sid) : 0);
    if (voters.isQuorum(voters.others(missed), "election")) return [];
    return voters.sids.filter((voter) => (voters.bit(voter) & missed) !== 0 && voter !== sid);
  }

  /**
   * Begins a new round with a vote for oneself (or for nobody, without a right to vote). After a
   * hand-over the vote is for the successor, unless this server has more than that one.
   */
  start(own: Candidate, nowMs: number, successor?: Successor): void {
    const { sid, configs } = this.#options;
    const { voters, electors } = configs;
    this.#nowMs = nowMs;
    // A round that a mad or hostile server has made so high is not the end of all elections.
    this.#round = this.#round < roundMax ? this.#round + 1n : 1n;
    const wanted = successor === undefined || isAhead(own, successor) ? undefined : successor;
    this.#expected = wanted?.voters.filter((voter) => electors.has(voter)) ?? voters.sids;
    const nobody = { leader: noVote, zxid: noVote, peerEpoch: noVote };
    const isCounted = own.zxid !== uninitialisedZxid;
    this.#initial = voters.has(sid) ? ((isCounted ? wanted : undefined) ?? own) : nobody;
    this.#votes.clear();
    this.#settled.clear();
    this.#missed = 0;
    this.#winner = undefined;
    this.#rebroadcastMs = this.#options.timing.rebroadcastMinMs;
    this.#isNarrow = false;
    this.#turnAtMs = nowMs + turnMs;
    this.#propose(this.#initial);
    this.#checkQuorum();
  }

  /** Takes a vote in; call only while looking. */
  receive(from: bigint, notification: Notification, nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#winner !== undefined) return;
    const voters = this.#voters;
    if (!voters.has(from)) {
      this.reply(from, PeerState.looking, this.#ownVote());
      return;
    }
    const vote = voteOf(notification);
    if (!voters.has(vote.leader)) return;
    if (!isPlausible(vote)) {
      this.#options.outbox.pending.events.push({ kind: "odd-vote", from });
      return;
    }
    if (vote.state === PeerState.looking) this.#receiveLooking(from, vote);
    else if (vote.state !== PeerState.observing) this.#receiveSettled(from, vote);
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#winner !== undefined) return;
    if (this.#decideAtMs !== undefined && nowMs >= this.#decideAtMs) {
      this.#decide(this.#ownVote());
      return;
    }
    const { timing, sid, configs } = this.#options;
    if (configs.lastSeen !== undefined && nowMs >= this.#turnAtMs) this.#turn();
    if (nowMs < this.#rebroadcastAtMs) return;
    // Nobody tells a server without a vote of a decision that it missed: it has to go on asking.
    const counts = this.#voters.has(sid) && this.#initial.zxid !== uninitialisedZxid;
    const maxMs = counts ? timing.rebroadcastMaxMs : timing.rebroadcastMinMs * 10;
    this.#rebroadcastMs = Math.min(this.#rebroadcastMs * 2, maxMs);
    this.#broadcast();
  }

  /** Tells `to` what this server thinks of the leadership. */
  reply(to: bigint, state: PeerState, vote: Vote): void {
    const { outbox, configs } = this.#options;
    outbox.pending.notifications.push({
      to,
      notification: {
        state,
        leader: vote.leader,
        zxid: vote.zxid,
        electionEpoch: vote.electionEpoch,
        peerEpoch: vote.peerEpoch,
        config: configs.active.text,
      },
    });
  }

  #receiveLooking(from: bigint, vote: Vote): void {
    const bit = this.#options.configs.electors.bit(from);
    if (vote.zxid === uninitialisedZxid && vote.leader === from) this.#missed |= bit;
    else this.#missed &= ~bit;
    if (this.#initial.zxid === uninitialisedZxid || vote.zxid === uninitialisedZxid) return;
    if (vote.electionEpoch < this.#round) {
      // Voters answer everything that a server without a vote says: it must not answer back.
      if (this.#voters.has(this.#options.sid)) this.reply(from, PeerState.looking, this.#ownVote());
      return;
    }
    if (vote.electionEpoch > this.#round) {
      this.#round = vote.electionEpoch;
      this.#votes.clear();
      this.#propose(this.#isBetter(vote, this.#initial) ? vote : this.#initial);
    } else if (this.#isBetter(vote, this.#proposal)) {
      this.#propose(vote);
    }
    this.#votes.set(from, vote);
    this.#checkQuorum();
  }

  #receiveSettled(from: bigint, vote: Vote): void {
    if (vote.electionEpoch === this.#round) {
      this.#votes.set(from, vote);
      if (this.#isElected(this.#votes, vote)) {
        this.#decide(vote);
        return;
      }
    }
    this.#settled.set(from, vote);
    if (!this.#isElected(this.#settled, vote)) return;
    this.#round = vote.electionEpoch;
    this.#decide(vote);
  }

  /** Whether a quorum of `votes` names the leader of `vote`, and that server says it leads. */
  #isElected(votes: ReadonlyMap<bigint, Vote>, vote: Vote): boolean {
    const { sid, configs } = this.#options;
    const voters = configs.electors;
    let mask = 0;
    for (const [voter, other] of votes) {
      const same =
        other.state === PeerState.looking
          ? isSameProposal(other, vote)
          : other.leader === vote.leader && other.peerEpoch === vote.peerEpoch;
      if (same) mask |= voters.bit(voter);
    }
    if (!voters.isQuorum(mask, "election")) return false;
    if (vote.leader === sid) return this.#round === vote.electionEpoch;
    return votes.get(vote.leader)?.state === PeerState.leading;
  }

  /** Whether `a` makes a better leader; who may not lead is no better than anybody. */
  #isBetter(a: Candidate, b: Candidate): boolean {
    if (!this.#mayLead(a.leader)) return false;
    return isBetter(a, b) || !this.#mayLead(b.leader);
  }

  /**
   * Goes over to the other choice of candidates. Voters that do not know of the proposed
   * configuration take no vote for one of its new voters, who may have the highest id among equals;
   * and those who do know may need one of these, who has more than all others.
   */
  #turn(): void {
    this.#isNarrow = !this.#isNarrow;
    this.#turnAtMs = this.#nowMs + turnMs;
    this.#round = this.#round < roundMax ? this.#round + 1n : 1n;
    this.#votes.clear();
    this.#propose(this.#initial);
    this.#checkQuorum();
  }

  #mayLead(sid: bigint): boolean {
    const { voters, electors } = this.#options.configs;
    return (this.#isNarrow ? electors : voters).mayLead(sid);
  }

  #ownVote(): Vote {
    return { ...this.#proposal, electionEpoch: this.#round, state: PeerState.looking };
  }

  #propose(candidate: Candidate): void {
    this.#proposal = {
      leader: candidate.leader,
      zxid: candidate.zxid,
      peerEpoch: candidate.peerEpoch,
    };
    this.#decideAtMs = undefined;
    const { sid } = this.#options;
    if (this.#voters.has(sid)) this.#votes.set(sid, this.#ownVote());
    this.#broadcast();
  }

  #broadcast(): void {
    const { sid } = this.#options;
    const vote = this.#ownVote();
    for (const voter of this.#voters.sids) {
      if (voter !== sid) this.reply(voter, PeerState.looking, vote);
    }
    this.#rebroadcastAtMs = this.#nowMs + this.#rebroadcastMs;
  }

  /** Decides at once when all whose votes are expected agree, after a pause when a quorum does. */
  #checkQuorum(): void {
    const { timing, configs } = this.#options;
    const voters = configs.electors;
    const own = this.#ownVote();
    if (own.zxid === uninitialisedZxid || !this.#mayLead(own.leader)) return;
    let mask = 0;
    for (const [voter, vote] of this.#votes) {
      if (isSameProposal(vote, own)) mask |= voters.bit(voter);
    }
    if (!voters.isQuorum(mask, "election")) {
      this.#decideAtMs = undefined;
    } else if (this.#expected.every((voter) => this.#agrees(voter, own))) {
      this.#decide(own);
    } else {
      this.#decideAtMs ??= this.#nowMs + timing.finalizeWaitMs;
    }
  }

  #agrees(voter: bigint, own: Vote): boolean {
    const vote = this.#votes.get(voter);
    return vote !== undefined && isSameProposal(vote, own);
  }

  #decide(vote: Vote): void {
    this.#winner = vote;
    this.#decideAtMs = undefined;
    this.#options.logger.info("Election decided", {
      leader: vote.leader,
      zxid: formatHex(vote.zxid),
      round: this.#round,
    });
  }
}
