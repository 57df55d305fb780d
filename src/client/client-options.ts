/**
 * The options of a client, their defaults, and the options of its requests. Only the shapes and
 * numbers; `client.ts` says what they do.
 */
import type { Random } from "../base/index.ts";
import type { Logger } from "../observe/index.ts";
import { CreateMode, defaultJuteMaxBytes } from "../wire/index.ts";
import type { Acl } from "../wire/index.ts";
import type { Timers } from "./timers.ts";
import type { Transport } from "./transport.ts";
import type { Watcher } from "./watch-table.ts";

/** How a client behaves. */
export interface ClientOptions {
  /**
   * Session timeout to ask for: the ensemble drops the session, its ephemeral nodes included, when
   * it hears nothing for this long. Servers clamp it, by default to 2 to 20 of their ticks.
   *
   * @default 30000
   */
  readonly sessionTimeoutMs?: number;
  /**
   * How long one server may take to accept the session; also how long `close` waits.
   *
   * @default the session timeout shared among the servers, at most 5000
   */
  readonly connectTimeoutMs?: number;
  /**
   * How long `EnsembleClient.connect` tries before it gives up.
   *
   * @default the session timeout
   */
  readonly firstConnectTimeoutMs?: number;
  /** Whether a server in read-only mode will do. @default false */
  readonly readOnly?: boolean;
  /** Credentials for every connection, for example `{ scheme: "digest", auth: "user:pw" }`. */
  readonly auth?: readonly Credentials[];
  /** Largest request; should not exceed the servers' `jute.maxbuffer`. @default 1048575 */
  readonly requestBytesMax?: number;
  /** Largest reply accepted, in bytes. @default 16 MiB */
  readonly replyBytesMax?: number;
  /** Requests that may be unanswered; further ones fail with `queueFull`. @default 10000 */
  readonly outstandingMax?: number;
  /** The same limit in bytes. @default 64 MiB */
  readonly outstandingBytesMax?: number;
  /** @default none */
  readonly logger?: Logger;
  /** For the order of servers and the jitter of pauses. @default the runtime's own */
  readonly random?: Random;
  /** @default the runtime's own */
  readonly timers?: Timers;
  /** @default TCP */
  readonly transport?: Transport;
}

/** Who the client claims to be, under one authentication scheme. */
export interface Credentials {
  readonly scheme: string;
  readonly auth: string | Uint8Array;
}

/** Options of every request. */
export interface RequestOptions {
  /**
   * Rejects the promise with the signal's reason; a request that has been sent already is carried
   * out all the same. `AbortSignal.timeout(ms)` makes a time limit.
   */
  readonly signal?: AbortSignal;
}

/** Options of reads that can set a watch. */
export interface ReadOptions extends RequestOptions {
  /** Called once, when what was read has changed. */
  readonly watch?: Watcher;
}

/** Options of `reconfigure`. */
export interface ReconfigureOptions extends RequestOptions {
  /** Version of the configuration that is to be replaced; others stay. @default any */
  readonly fromVersion?: bigint;
}

/** What kind of node to create; names of `CreateMode`. */
export type CreateModeName = keyof typeof CreateMode;

/** Options of `create`. */
export interface CreateOptions extends RequestOptions {
  /** @default "persistent" */
  readonly mode?: CreateModeName;
  /** @default everybody may do everything */
  readonly acl?: readonly Acl[];
  /** Only, and always, with the two modes `…WithTtl`. */
  readonly ttlMs?: number;
}

/** Limits that the client uses when no option says otherwise. */
export const clientDefaults = {
  sessionTimeoutMs: 30_000,
  connectTimeoutMsMax: 5000,
  backoffMs: 100,
  backoffMsMax: 5000,
  requestBytesMax: defaultJuteMaxBytes,
  replyBytesMax: 16 * 1024 * 1024,
  outstandingMax: 10_000,
  outstandingBytesMax: 64 * 1024 * 1024,
} as const;
