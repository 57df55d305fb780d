/**
 * The configurations that a server knows of: the one in force, and at the most one that was
 * proposed after it and is not known to be committed (ZooKeeper's `quorumVerifier` and
 * `lastSeenQuorumVerifier`). While there is a proposed one, whatever this server decides needs a
 * quorum of both.
 *
 * A reconfiguration is a transaction of the history like any other, so none is lost that was
 * committed. What a server has in its log it reckons with; what it knows to be committed it made
 * durable before it logged another. Therefore, after any crash:
 *
 * 1. `active` is a configuration that was committed.
 * 2. Of the reconfigurations in the log (or the state), only the newest can be newer than
 *    `active`; it is `lastSeen`.
 *
 * Why two configurations have no two leaders in one epoch: the next one is committed only when it
 * is in the logs of a quorum of this one. A server that does not know it needs a quorum of this
 * one to lead; one of that quorum has more in its log, and the server gives up.
 */
import { QuorumConfigError, formatHex } from "../wire/index.ts";
import type { Logger } from "../observe/index.ts";
import { hasSameMembers, parseMembership } from "./membership.ts";
import type { Membership } from "./membership.ts";
import { Voters, votersMax } from "./quorum.ts";
import type { QuorumRule } from "./quorum.ts";
import type { Outbox } from "./ready.ts";

export interface ConfigurationsOptions {
  readonly active: Membership;
  readonly lastSeen: Membership | undefined;
  /** Whether configurations change at all; if not, others' are not listened to. */
  readonly isChangeable: boolean;
  readonly rule: QuorumRule | undefined;
  readonly outbox: Outbox;
  readonly logger: Logger;
}

export class Configurations {
  readonly isChangeable: boolean;
  readonly #options: ConfigurationsOptions;
  #active: Membership;
  #lastSeen: Membership | undefined;
  #voters: Voters;
  #electors: Voters;

  constructor(options: ConfigurationsOptions) {
    const { active, lastSeen, isChangeable } = options;
    this.#options = options;
    this.isChangeable = isChangeable;
    this.#active = active;
    const isNewer = lastSeen !== undefined && lastSeen.version > active.version;
    this.#lastSeen = isChangeable && isNewer ? lastSeen : undefined;
    this.#electors = new Voters([active], options.rule);
    this.#voters = this.#reckon();
  }

  /** The newest configuration that is known to be committed. */
  get active(): Membership {
    return this.#active;
  }

  /** A newer one that was proposed; undefined when there is none. */
  get lastSeen(): Membership | undefined {
    return this.#lastSeen;
  }

  get newest(): Membership {
    return this.#lastSeen ?? this.#active;
  }

  /** The voters of `active` and, while there is one, of `lastSeen`. Replaced, never changed. */
  get voters(): Voters {
    return this.#voters;
  }

  /**
   * The voters of `active` alone. They elect: an election chooses a candidate, which has to win a
   * quorum of both for its epoch. Those who vote by `lastSeen` only may not know of it, and not
   * vote.
   */
  get electors(): Voters {
    return this.#electors;
  }

  /** Whether servers that are in no configuration may come and learn. */
  get takesJoiners(): boolean {
    return this.#options.active.takesJoiners ?? false;
  }

  /** Whether a configuration that is in force or proposed lists `sid`. */
  isMember(sid: bigint): boolean {
    if (this.#voters.has(sid)) return true;
    return [this.#active, this.newest].some(({ observers }) => observers.includes(sid));
  }

  /** Whether `sid` takes part without a vote by the configuration in force. */
  isObserver(sid: bigint): boolean {
    return this.#active.observers.includes(sid);
  }

  /**
   * Takes note of a configuration that was proposed, before it is logged. One that is not newer
   * than what is known changes nothing. One at a time is proposed: what was seen before it has
   * been committed.
   *
   * @throws QuorumConfigError when both together have too many voters.
   */
  see(next: Membership): void {
    if (!this.isChangeable || next.version <= this.newest.version) return;
    if (!this.canSee(next)) {
      throw new QuorumConfigError(`at most ${votersMax} voters in the old and the new together`);
    }
    if (this.#lastSeen !== undefined) this.activate(this.#lastSeen);
    this.#setLastSeen(next);
  }

  /** Whether masks can hold the voters in force together with those of `next`. */
  canSee(next: Membership): boolean {
    return new Set([...this.#active.voters, ...next.voters]).size <= votersMax;
  }

  /**
   * The log was cut or replaced, and `inState` is the newest configuration that is left in it:
   * what was seen before may be gone.
   */
  historyReplaced(inState: Membership): void {
    const seen = this.#lastSeen;
    if (seen !== undefined && seen.version !== inState.version) this.#setLastSeen(undefined);
    this.see(inState);
  }

  /**
   * Puts a configuration in force that is known to be committed; returns whether it has other
   * members than the one before. One that is not newer changes nothing.
   */
  activate(next: Membership): boolean {
    if (!this.isChangeable || next.version <= this.#active.version) return false;
    const { outbox, logger } = this.#options;
    const isChange = !hasSameMembers(this.#active, next);
    this.#active = next;
    this.#electors = new Voters([next], this.#options.rule);
    const wasSeen = this.#lastSeen;
    if (wasSeen !== undefined && wasSeen.version <= next.version) this.#lastSeen = undefined;
    this.#voters = this.#reckon();
    logger.info("A configuration is in force", {
      version: formatHex(next.version),
      voters: next.voters,
      observers: next.observers,
    });
    const { pending } = outbox;
    pending.disk.push({ seq: outbox.nextSeq(), kind: "active-config", config: next });
    pending.events.push({ kind: "config", active: next, lastSeen: this.#lastSeen });
    return isChange;
  }

  /**
   * While looking, a server takes over a configuration that is newer than its own: whoever sends
   * it with a vote knows that it is committed. Returns whether the members are others.
   */
  learn(text: string | null): boolean {
    if (!this.isChangeable || text === null || text === this.#active.text) return false;
    try {
      return this.activate(parseMembership(text));
    } catch (error) {
      if (!(error instanceof QuorumConfigError)) throw error;
      this.#options.logger.warn("Ignoring the configuration of a vote", {
        expected: error.message,
      });
      return false;
    }
  }

  #setLastSeen(next: Membership | undefined): void {
    this.#lastSeen = next;
    this.#voters = this.#reckon();
    const { events } = this.#options.outbox.pending;
    events.push({ kind: "config", active: this.#active, lastSeen: next });
  }

  #reckon(): Voters {
    const seen = this.#lastSeen;
    if (seen === undefined) return this.#electors;
    return new Voters([this.#active, seen], this.#options.rule);
  }
}
