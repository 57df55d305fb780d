/**
 * How long elections, synchronisations and times without service take, from the changes of this
 * server's role (ZooKeeper 3.9 `election_time`, `unavailable_time`, `follower_sync_time`). A
 * server begins its life looking for a leader.
 */
import { Summary } from "../../observe/index.ts";

/** A change of role, or that the role became fit for clients. */
export interface RoleChange {
  readonly role: "looking" | "following" | "leading" | "observing";
  readonly serving: boolean;
}

export class RoleMetrics {
  /** How often this server began to look for a leader. */
  lookingCount = 1;
  readonly electionMs = new Summary();
  readonly followerSyncMs = new Summary();
  readonly observerSyncMs = new Summary();
  readonly unavailableMs = new Summary();
  readonly leaderUnavailableMs = new Summary();
  #lookingSinceMs: number;
  #roleSinceMs: number;
  #unavailableSinceMs: number | null;
  #leadsSinceMs: number | null = null;

  constructor(nowMs: number) {
    this.#lookingSinceMs = nowMs;
    this.#roleSinceMs = nowMs;
    this.#unavailableSinceMs = nowMs;
  }

  /** All summaries, for whoever moves their windows on. */
  *summaries(): IterableIterator<Summary> {
    yield* [this.electionMs, this.followerSyncMs, this.observerSyncMs];
    yield* [this.unavailableMs, this.leaderUnavailableMs];
  }

  /** How long this server has been leading with a quorum; null when it does not. */
  leaderUptimeMs(nowMs: number): number | null {
    return this.#leadsSinceMs === null ? null : nowMs - this.#leadsSinceMs;
  }

  changed({ role, serving }: RoleChange, nowMs: number): void {
    if (serving) this.#served(role, nowMs);
    else this.#began(role, nowMs);
  }

  #began(role: RoleChange["role"], nowMs: number): void {
    this.#leadsSinceMs = null;
    this.#unavailableSinceMs ??= nowMs;
    if (role === "looking") {
      this.lookingCount += 1;
      this.#lookingSinceMs = nowMs;
    } else {
      this.electionMs.add(nowMs - this.#lookingSinceMs);
      this.#roleSinceMs = nowMs;
    }
  }

  #served(role: RoleChange["role"], nowMs: number): void {
    if (this.#unavailableSinceMs === null) return;
    const unavailableMs = nowMs - this.#unavailableSinceMs;
    this.#unavailableSinceMs = null;
    this.unavailableMs.add(unavailableMs);
    if (role === "leading") {
      this.#leadsSinceMs = nowMs;
      this.leaderUnavailableMs.add(unavailableMs);
    } else if (role === "following") {
      this.followerSyncMs.add(nowMs - this.#roleSinceMs);
    } else {
      this.observerSyncMs.add(nowMs - this.#roleSinceMs);
    }
  }
}
