/**
 * The settings that may change while a server runs. All parts of a server share this one object,
 * and read it each time that they need something of it; `SettingsInForce` alone changes it. Which
 * keys they come from is in the table of keys: `ConfigKey.live`.
 */
import type { ConnectionThrottleSettings } from "../limits/index.ts";

/** What is in force now. */
export interface LiveSettings {
  /** Shortest session timeout granted, in ms. @default 2 ticks */
  readonly minSessionTimeoutMs: number;
  /** Longest session timeout granted, in ms. @default 20 ticks */
  readonly maxSessionTimeoutMs: number;
  /** Connections from one address; 0 is unlimited. @default 60 */
  readonly maxClientCnxns: number;
  /** Connections altogether; 0 is unlimited. @default 0 */
  readonly maxCnxns: number;
  /** Requests under way from which a connection with one of them is not read. @default 1000 */
  readonly globalOutstandingLimit: number;
  /** How fast sessions may be opened. */
  readonly connectionThrottle: ConnectionThrottleSettings;
  /** The four-letter words that are answered. @default srvr */
  readonly fourLetterWords: ReadonlySet<string>;
}
