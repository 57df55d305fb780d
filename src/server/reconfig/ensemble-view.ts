/**
 * The members of the ensemble as this server knows them at present, for all parts of the server
 * that dial them, listen for them or show them. The core decides what is in force; this follows.
 */
import type { QuorumConfig, ServerSpec } from "../../wire/index.ts";
import type { Endpoint } from "../endpoint.ts";

type PortName = "quorumPort" | "electionPort";

export class EnsembleView {
  /** Where the members await learners, by id; changes with the configuration. */
  readonly quorumEndpoints: ReadonlyMap<bigint, Endpoint>;
  /** Where the members take part in elections, by id; changes with the configuration. */
  readonly electionEndpoints: ReadonlyMap<bigint, Endpoint>;
  readonly #endpoints: Record<PortName, Map<bigint, Endpoint>> = {
    quorumPort: new Map(),
    electionPort: new Map(),
  };
  readonly #sid: bigint;
  readonly #listeners: (() => void)[] = [];
  #active: QuorumConfig;
  #lastSeen: QuorumConfig | undefined;
  #own: ServerSpec | undefined;

  /** @param stated what this server's own files say of it: counts while it is no member. */
  constructor(sid: bigint, active: QuorumConfig, stated: ServerSpec | undefined) {
    this.quorumEndpoints = this.#endpoints.quorumPort;
    this.electionEndpoints = this.#endpoints.electionPort;
    this.#sid = sid;
    this.#active = active;
    this.#own = stated;
    this.update(active, undefined);
  }

  /** The configuration in force; without members on a standalone server. */
  get active(): QuorumConfig {
    return this.#active;
  }

  /** A newer one that is proposed. */
  get lastSeen(): QuorumConfig | undefined {
    return this.#lastSeen;
  }

  /**
   * This server's line: the newest in which it was a member, so that it can be reached after it
   * was removed. Undefined on a standalone server.
   */
  get own(): ServerSpec | undefined {
    return this.#own;
  }

  /** Takes over what the core says. Those who are proposed are reached like those in force. */
  update(active: QuorumConfig, lastSeen: QuorumConfig | undefined): void {
    this.#active = active;
    this.#lastSeen = lastSeen;
    this.#own = active.servers.get(this.#sid) ?? this.#own;
    const members = new Map([...(lastSeen?.servers ?? []), ...active.servers]);
    if (this.#own !== undefined) members.set(this.#sid, this.#own);
    for (const port of ["quorumPort", "electionPort"] as const) {
      const endpoints = this.#endpoints[port];
      endpoints.clear();
      for (const { sid, addresses } of members.values()) {
        const [address] = addresses;
        if (address === undefined) continue;
        endpoints.set(sid, { host: address.host, port: address[port] });
      }
    }
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` after each change. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }
}
