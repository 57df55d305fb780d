/**
 * What changes of the configuration mean to a learner: what it takes note of, what it puts in
 * force, and whether it can go on in its role then (ZooKeeper 3.9 `QuorumPeer.processReconfig`).
 * A role ends when another server is to lead, or when the learner becomes a follower instead of
 * an observer or the other way round.
 */
import { noVote, zxidCounter } from "../wire/index.ts";
import { parseMembership } from "./membership.ts";
import type { Membership } from "./membership.ts";
import { isObserver } from "./peer-context.ts";
import type { PeerContext } from "./peer-context.ts";

export class LearnerReconfig {
  /** Whether it gets what is committed, and acknowledges nothing. */
  readonly isObserver: boolean;
  readonly #context: PeerContext;
  readonly #leader: bigint;
  /** What NEWLEADER said, to be put in force with UPTODATE. */
  #leaderConfig: Membership | undefined;
  #designated: bigint | undefined;

  constructor(context: PeerContext, leader: bigint) {
    this.#context = context;
    this.#leader = leader;
    this.isObserver = isObserver(context);
  }

  /** Whom to follow once the role has ended; undefined when that is to be elected. */
  get designated(): bigint | undefined {
    return this.#designated;
  }

  /**
   * Takes in the text of NEWLEADER: the newest configuration that its leader knows of. What of that
   * is not committed is in the log as well, and was noted when it was proposed.
   *
   * @throws QuorumConfigError
   */
  receiveNewLeader(data: Buffer | null): void {
    const { configs } = this.#context;
    if (!configs.isChangeable || data === null || data.length <= 1) return;
    this.#leaderConfig = parseMembership(data.toString("utf8"));
  }

  /**
   * Puts in force what came with NEWLEADER; returns why the role ends, if it does. A leader in
   * service may have said what it has only proposed: that is in force when it is committed.
   */
  receiveUpToDate(): string | undefined {
    const config = this.#leaderConfig;
    if (config === undefined) return undefined;
    const { version } = config;
    const isProposed = zxidCounter(version) !== 0 && version > this.#context.history.last;
    if (isProposed) return undefined;
    const leads = config.voters.includes(this.#leader);
    return this.activate(config, leads ? this.#leader : noVote);
  }

  /** Puts `next` in force, with `designated` as its leader; returns why the role ends, if so. */
  activate(next: Membership, designated: bigint): string | undefined {
    const { configs } = this.#context;
    if (!configs.activate(next)) return undefined;
    const isSamePart = isObserver(this.#context) === this.isObserver;
    if (designated === this.#leader && isSamePart) return undefined;
    if (configs.voters.mayLead(designated)) this.#designated = designated;
    return isSamePart
      ? "Another server is to lead by the new configuration"
      : "This server has another part in the new configuration";
  }
}
