/**
 * What the four-letter words, the admin commands and the probes are answered from: one running
 * server, seen from outside. It reads and counts, and formats nothing. The parts are handed over
 * when they exist: a server that is still reading its disk has none, and serves nothing.
 */
import { resolve } from "node:path";
import type { Clock } from "../../base/index.ts";
import type { Storage } from "../../storage/index.ts";
import type { DataTree, WatchTable } from "../../tree/index.ts";
import type { QuorumConfig, ServerSpec } from "../../wire/index.ts";
import type { Learner } from "../../zab/index.ts";
import type { ClientConnection } from "../client-connection.ts";
import type { ServerConfig } from "../config/index.ts";
import type { LeaderSessions } from "../leader-sessions.ts";
import type { Leadership } from "../leadership.ts";
import type { MetricPair, ServerMetrics } from "../metrics/index.ts";
import type { EnsembleView } from "../reconfig/index.ts";
import type { Replica } from "../replica.ts";
import type { SettingsInForce } from "../settings-in-force.ts";
import type { ConnectionStatistics } from "../statistics.ts";
import type { Double } from "./java-text.ts";

/** What `srvr` and its kin say of the software; tools read the number in front. */
export const versionText = "3.9.5-ensemble, built on 2026-11-21 00:00 UTC";

/** ZooKeeper's words for what a server is. */
export type ServerMode = "standalone" | "leader" | "follower" | "observer" | "read-only";

/** The client-facing side of a server. */
export interface ClientSide {
  readonly statistics: ConnectionStatistics;
  readonly metrics: ServerMetrics;
  readonly connections: ReadonlySet<ClientConnection>;
  /** Whether clients are served without a quorum, who may only read. */
  readonly isReadOnly: boolean;
  readonly watches: WatchTable;
  readonly leadership: Leadership;
  /** The clockwork of sessions, on a leader. */
  readonly leading: LeaderSessions | undefined;
}

/** A name, and a value of it, as `mntr` shows them; names are without `zk_`. */
export type MonitorValue = readonly [name: string, value: number | bigint | string | Double];

/** The parts of a server that has read its disk. */
export interface ServerParts {
  readonly replica: Replica;
  /** Who the members are. */
  readonly ensemble: EnsembleView;
  readonly clients: ClientSide;
  readonly storage: Pick<Storage, "isQuarantined">;
  /** Further values for `mntr` and its admin command. */
  metrics(): readonly MetricPair[];
}

export interface ServerFactsOptions {
  readonly config: ServerConfig;
  readonly settings: SettingsInForce;
  readonly sid: bigint;
  readonly clock: Clock;
}

const modes = { leading: "leader", following: "follower", observing: "observer" } as const;

export class ServerFacts {
  readonly config: ServerConfig;
  readonly settings: SettingsInForce;
  readonly sid: bigint;
  readonly clock: Clock;
  readonly #startedAtMs: number;
  #parts: ServerParts | undefined;

  constructor({ config, settings, sid, clock }: ServerFactsOptions) {
    this.config = config;
    this.settings = settings;
    this.sid = sid;
    this.clock = clock;
    this.#startedAtMs = clock.monotonicMs();
  }

  /** The server has read its disk and takes part from now on. */
  attach(parts: ServerParts): void {
    this.#parts = parts;
  }

  /** Undefined while the server reads its disk. */
  get parts(): ServerParts | undefined {
    return this.#parts;
  }

  /** For facts about a server that serves. */
  get replica(): Replica {
    return this.#whole.replica;
  }

  /** The members in force. */
  get members(): QuorumConfig {
    return this.#whole.ensemble.active;
  }

  /** This server's line, also after it was removed; undefined on a standalone server. */
  get ownLine(): ServerSpec | undefined {
    return this.#whole.ensemble.own;
  }

  get clients(): ClientSide {
    return this.#whole.clients;
  }

  get tree(): DataTree {
    return this.replica.tree;
  }

  metrics(): readonly MetricPair[] {
    return this.#whole.metrics();
  }

  /** Null while nothing is served. */
  get mode(): ServerMode | null {
    if (this.#parts?.clients.isReadOnly === true) return "read-only";
    if (this.#parts?.replica.isServing !== true) return null;
    const { role } = this.#parts.replica.peer;
    if (role === "looking") return null;
    return this.config.replicated ? modes[role] : "standalone";
  }

  /** The folders that hold snapshots and logs. */
  get folders(): { readonly data: string; readonly log: string } {
    const { dataDir, dataLogDir } = this.config;
    return { data: resolve(dataDir, "version-2"), log: resolve(dataLogDir, "version-2") };
  }

  /** As ZooKeeper reports it: a standalone server is nobody. */
  get reportedId(): bigint {
    return this.config.replicated ? this.sid : 0n;
  }

  /** Requests of clients here that have no reply yet. */
  get outstandingCount(): number {
    let count = 0;
    for (const connection of this.clients.connections) count += connection.pendingCount;
    return count;
  }

  /** The servers that learn from this one. */
  get learners(): readonly Learner[] {
    return [...this.replica.peer.learners()];
  }

  get uptimeMs(): number {
    return Math.floor(this.clock.monotonicMs() - this.#startedAtMs);
  }

  /** On a leader: for how long it has led. */
  get leaderUptimeMs(): number {
    const { leading } = this.clients;
    return leading === undefined ? 0 : Math.floor(this.clock.monotonicMs() - leading.startedAtMs);
  }

  /** Milliseconds since 1970 of a monotonic time. */
  wallTimeOf(monotonicMs: number): number {
    return Math.round(monotonicMs + this.clock.wallMs() - this.clock.monotonicMs());
  }

  get #whole(): ServerParts {
    if (this.#parts === undefined) throw new Error("Nothing is known while the disk is read");
    return this.#parts;
  }
}
