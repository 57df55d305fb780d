/**
 * The settings that a running server goes by, and how it takes others up: those whose keys the
 * table calls live take effect at once, all others wait for the next start. Members are no setting
 * here: who they are is agreed on by reconfiguration, which edits the file as well.
 */
import { formatQuorumConfig } from "../wire/index.ts";
import type { Logger } from "../observe/index.ts";
import { findConfigKey, quorumConfigOf } from "./config/index.ts";
import type { LiveSettings, ServerConfig } from "./config/index.ts";

/** What became of settings that were read anew: keys of the table. */
export interface Reloaded {
  /** Those whose new values are in force now. */
  readonly applied: readonly string[];
  /** Those whose new values wait for a restart. */
  readonly awaitingRestart: readonly string[];
}

/** What reconfigurations change in the file by themselves. */
const MEMBER_KEYS: readonly string[] = ["dynamicConfigFile", "peerType"];
/** What they take out of the file, as it is in the server's own line then. */
const PLACE_KEYS: readonly string[] = ["clientPort", "clientPortAddress"];

export class SettingsInForce {
  readonly #config: ServerConfig;
  readonly #read: () => ServerConfig;
  readonly #logger: Logger;
  readonly #settings: Map<string, string>;
  #awaitingRestart: readonly string[] = [];
  #digest: string | null;

  /** @param read - reads the configuration anew. @throws ConfigError */
  constructor(config: ServerConfig, read: () => ServerConfig, logger: Logger) {
    this.#config = config;
    this.#read = read;
    this.#logger = logger;
    this.#settings = new Map(config.settings);
    this.#digest = config.settingsDigest;
  }

  /** Keys whose newest values wait for a restart. */
  get awaitingRestart(): readonly string[] {
    return this.#awaitingRestart;
  }

  /** `ServerConfig.settingsDigest` of what was read last. */
  get digest(): string | null {
    return this.#digest;
  }

  /**
   * Takes up what the files say now.
   *
   * @throws ConfigError when they cannot be used: then nothing changes.
   */
  reload(): Reloaded {
    const next = this.#read();
    const applied: string[] = [];
    const awaitingRestart = this.#changesMembers(next) ? ["server.*"] : [];
    for (const name of this.#changedKeys(next)) {
      const field = findConfigKey(name)?.live;
      if (field === undefined) {
        awaitingRestart.push(name);
        continue;
      }
      applied.push(name);
      this.#apply(name, field, next);
    }
    this.#awaitingRestart = awaitingRestart;
    this.#digest = next.settingsDigest;
    this.#logger.info("Settings are read anew", { applied, awaitingRestart });
    return { applied, awaitingRestart };
  }

  #apply(name: string, field: keyof LiveSettings, next: ServerConfig): void {
    // All parts of the server share the object, and see the new value when they need it next.
    Object.assign(this.#config.live, { [field]: next.live[field] });
    const text = next.settings.get(name);
    if (text === undefined) this.#settings.delete(name);
    else this.#settings.set(name, text);
  }

  #changedKeys({ settings, clientPort }: ServerConfig): string[] {
    const names = new Set([...this.#settings.keys(), ...settings.keys()]);
    return [...names].filter((name) => {
      const key = findConfigKey(name);
      if (key === null || key.support !== undefined || MEMBER_KEYS.includes(name)) return false;
      const hasMoved = PLACE_KEYS.includes(name) && !settings.has(name) && clientPort !== null;
      const before = this.#settings.get(name) ?? key.default;
      return !hasMoved && before !== (settings.get(name) ?? key.default);
    });
  }

  /** Whether somebody has edited the list of members, where that is how they change. */
  #changesMembers(next: ServerConfig): boolean {
    if (this.#config.reconfigEnabled) return false;
    const [before, after] = [this.#config, next].map((config) =>
      formatQuorumConfig(quorumConfigOf(config)),
    );
    return before !== after;
  }
}
