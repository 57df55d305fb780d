/**
 * What the session machine takes in and gives out: requests, credentials, the states of a session,
 * and the effects that its driver carries out. Types only; the machine is `session.ts`.
 */
import type { JuteReader } from "../wire/index.ts";
import type { WatchEvent, WatchRegistration, Watcher } from "./watch-table.ts";
import type { ZkError } from "./zk-error.ts";

/**
 * Where a session stands. `connecting`: never yet connected; `disconnected`: was connected and is
 * looking for a server; the last three are final.
 */
export type SessionState =
  "connecting" | "connected" | "disconnected" | "expired" | "auth-failed" | "closed";

/** Credentials that the session presents on every connection. */
export interface AuthEntry {
  /** For example "digest". */
  readonly scheme: string;
  /** For `digest` the bytes of "user:password". */
  readonly auth: Buffer;
}

/** One request; the session hands it back, settled, in an effect. */
export interface SessionRequest {
  /** An `OpCode`. */
  readonly op: number;
  /** The encoded body. */
  readonly body: Buffer;
  readonly watch: WatchRegistration | undefined;
  /** For messages: "create", "get data of", … and the path as the caller knows it. */
  readonly action: string;
  readonly path: string | undefined;
  /**
   * Reads the body of a successful reply and keeps the result. Views of the reader's bytes are
   * valid during the call only.
   *
   * @throws WireError when the body is not what `op` is answered with.
   */
  decode(reader: JuteReader): void;
}

/** Something for the driver to do; effects are in the order in which users must see them. */
export type SessionEffect =
  | { readonly type: "state"; readonly state: SessionState }
  /** `failure` is null when `request` has decoded its reply. */
  | {
      readonly type: "settled";
      readonly request: SessionRequest;
      readonly failure: ZkError | null;
    }
  /** The credentials of an `addAuth` call were accepted or refused. */
  | { readonly type: "auth"; readonly entry: AuthEntry; readonly failure: ZkError | null }
  | { readonly type: "watch"; readonly watchers: readonly Watcher[]; readonly event: WatchEvent };

/** The to-do list of a session; see `Session.ready`. */
export interface SessionReady {
  /** To be sent on the present connection, or null. */
  readonly bytes: Buffer | null;
  /** Set when the present connection must be closed after `bytes` are sent; says why. */
  readonly drop: ZkError | null;
  readonly effects: readonly SessionEffect[];
}

/** Limits of a `RequestQueue`. */
export interface RequestQueueOptions {
  /** Largest request with its header; should not exceed the server's `jute.maxbuffer`. */
  readonly requestBytesMax: number;
  /** Requests that may wait, for a connection or a reply. */
  readonly outstandingMax: number;
  /** The same limit in bytes of their bodies. */
  readonly outstandingBytesMax: number;
}

/** How a session behaves. */
export interface SessionOptions extends RequestQueueOptions {
  /** Session timeout to ask for; the server may grant another. */
  readonly sessionTimeoutMs: number;
  /** From `opening` to the server's acceptance of the session; also how long `close` may take. */
  readonly connectTimeoutMs: number;
  /** Whether a server in read-only mode will do. */
  readonly readOnly: boolean;
  /** Credentials to present from the first connection on. */
  readonly auth: readonly AuthEntry[];
  /** Largest reply accepted. */
  readonly replyBytesMax: number;
}
