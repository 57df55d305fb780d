/**
 * When a server without a quorum serves reads (ZooKeeper 3.9 `ReadOnlyZooKeeperServer`): from the
 * time on that it has been looking for a leader for two seconds or a tick, whichever is longer,
 * until it finds one. What it shows may be old, and may be something that was logged here and is
 * never committed; clients say in their ConnectRequest that they can live with that.
 */
import type { Peer, Role } from "../zab/index.ts";
import type { ServerConfig } from "./config/index.ts";

const waitMinMs = 2000;

export class ReadOnlyMode {
  readonly #isEnabled: boolean;
  readonly #waitMs: number;
  /** Undefined while there is a leader. */
  #lookingSinceMs: number | undefined;
  #isOn = false;

  constructor(config: Pick<ServerConfig, "readOnlyModeEnabled" | "tickTimeMs">, nowMs: number) {
    this.#isEnabled = config.readOnlyModeEnabled;
    this.#waitMs = Math.max(waitMinMs, config.tickTimeMs);
    this.#lookingSinceMs = nowMs;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** The role changed and is not fit for clients yet. */
  roleChanged(role: Role, nowMs: number): void {
    this.#isOn = false;
    this.#lookingSinceMs = role === "looking" ? nowMs : undefined;
  }

  /** Whether the mode begins now. */
  isDue(peer: Pick<Peer, "lastZxid">, nowMs: number): boolean {
    if (!this.#isEnabled || this.#isOn || this.#lookingSinceMs === undefined) return false;
    // A server that has lost its disk has nothing to show.
    if (peer.lastZxid < 0n || nowMs - this.#lookingSinceMs < this.#waitMs) return false;
    this.#isOn = true;
    return true;
  }
}
