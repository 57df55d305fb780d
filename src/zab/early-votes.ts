/**
 * The newest votes of servers that were looking before this one was: in a role, or waiting for its
 * disk. They do not say them again soon.
 */
import type { Notification } from "../wire/index.ts";

interface EarlyVote {
  readonly notification: Notification;
  readonly atMs: number;
}

export class EarlyVotes {
  readonly #votes = new Map<bigint, EarlyVote>();

  keep(from: bigint, notification: Notification, atMs: number): void {
    this.#votes.set(from, { notification, atMs });
  }

  clear(): void {
    this.#votes.clear();
  }

  /** Hands out what came at `sinceMs` or later, and forgets all. */
  take(sinceMs: number): [from: bigint, notification: Notification][] {
    const taken: [bigint, Notification][] = [];
    for (const [from, { notification, atMs }] of this.#votes) {
      if (atMs >= sinceMs) taken.push([from, notification]);
    }
    this.#votes.clear();
    return taken;
  }
}
