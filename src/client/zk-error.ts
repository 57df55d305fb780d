/**
 * The errors that requests of the client end with. A code is either a result code of the protocol
 * (ZooKeeper's `KeeperException.Code`, under the names of `ErrorCode`) or one of the few that arise
 * on this side of the connection. There is one class for all codes, and one more for a failed
 * multi, which carries a code per operation. Whoever catches one decides by `code` and
 * `retriable`; the message is for people.
 */
import { ErrorCode, errorCodeName } from "../wire/index.ts";

/**
 * Why a request failed. `clientClosed`: the client was closed; `queueFull`: too many requests
 * wait for replies; `unknownError`: a result code that this version does not know.
 */
export type ZkErrorCode =
  Exclude<keyof typeof ErrorCode, "ok"> | "clientClosed" | "queueFull" | "unknownError";

/** What a `ZkError` may say besides its code and message. */
export interface ZkErrorOptions {
  /** The path that the request was about. */
  readonly path?: string | undefined;
  readonly cause?: unknown;
  /** @default false */
  readonly outcomeUnknown?: boolean;
}

/** A failed request, or a session that could not be opened. */
export class ZkError extends Error {
  override readonly name: string = "ZkError";
  readonly code: ZkErrorCode;
  /** The path as the caller gave it (below the chroot); undefined when no path was involved. */
  readonly path: string | undefined;
  /** Whether the same request may succeed later, on this client. */
  readonly retriable: boolean;
  /**
   * Whether the request may have been carried out all the same: a write whose reply was lost. Look
   * at the tree before trying it again.
   */
  readonly outcomeUnknown: boolean;

  constructor(code: ZkErrorCode, message: string, options: ZkErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.path = options.path;
    this.retriable = retriableCodes.has(code);
    this.outcomeUnknown = options.outcomeUnknown ?? false;
  }

  /** The error for a reply with result code `err` to `action` ("create", "get data of", …). */
  static fromReply(err: number, action: string, path: string | undefined): ZkError {
    const name = errorCodeName(err);
    const code = name in reasons ? (name as ZkErrorCode) : "unknownError";
    if (code === "unknownError") return ZkError.because(code, action, { path, reason: name });
    return ZkError.withCode(code, action, { path });
  }

  /** An error with the message "Cannot <action> '<path>': <what the code means>". */
  static withCode(code: ZkErrorCode, action: string, options: ZkErrorOptions = {}): ZkError {
    return ZkError.because(code, action, { ...options, reason: reasons[code] });
  }

  /** An error with the message "Cannot <action> '<path>': <reason>". */
  static because(
    code: ZkErrorCode,
    action: string,
    options: ZkErrorOptions & { readonly reason: string },
  ): ZkError {
    const target = options.path === undefined ? "" : ` '${options.path}'`;
    return new ZkError(code, `Cannot ${action}${target}: ${options.reason}`, options);
  }

  /** `error` itself when it is a `ZkError`; anything else becomes a `systemError` around it. */
  static from(error: unknown): ZkError {
    if (error instanceof ZkError) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new ZkError("systemError", message, { cause: error });
  }
}

/** A multi of which nothing was carried out, because one of its operations failed. */
export class MultiError extends ZkError {
  override readonly name = "MultiError";
  /** Index of the operation that failed. */
  readonly failedIndex: number;
  /**
   * One entry per operation, in order: "ok" before the one that failed, its code, and
   * `runtimeInconsistency` for those after it, which were not tried.
   */
  readonly codes: readonly (ZkErrorCode | "ok")[];

  constructor(errs: readonly number[], paths: readonly string[]) {
    const failedIndex = Math.max(
      0,
      errs.findIndex((err) => err !== ErrorCode.ok),
    );
    const path = paths[failedIndex];
    const action = `commit multi: operation ${failedIndex} on`;
    const failed = ZkError.fromReply(errs[failedIndex] ?? ErrorCode.systemError, action, path);
    super(failed.code, failed.message, { path });
    this.failedIndex = failedIndex;
    this.codes = errs.map((err) =>
      err === ErrorCode.ok ? "ok" : ZkError.fromReply(err, action, undefined).code,
    );
  }
}

const retriableCodes: ReadonlySet<ZkErrorCode> = new Set<ZkErrorCode>([
  "connectionLoss",
  "operationTimeout",
  "requestTimeout",
  "throttledOp",
  "queueFull",
  "sessionMoved",
  "notReadOnly",
  "newConfigNoQuorum",
  "reconfigInProgress",
]);

/** What each code means, as the end of a sentence. */
const reasons: Readonly<Record<ZkErrorCode, string>> = {
  systemError: "the server had an internal error",
  runtimeInconsistency: "the server did not try it, since another operation failed",
  dataInconsistency: "the server found inconsistent data",
  connectionLoss: "the connection to the server was lost",
  marshallingError: "the request or its reply could not be decoded",
  unimplemented: "the server does not support this operation",
  operationTimeout: "the operation timed out",
  badArguments: "the server refused the arguments",
  newConfigNoQuorum: "no quorum of the new configuration is connected and in sync",
  reconfigInProgress: "another reconfiguration is in progress",
  unknownSession: "the server does not know this session",
  apiError: "the server reported an API error",
  noNode: "the node does not exist",
  noAuth: "this client has no permission for it",
  badVersion: "the version does not match",
  noChildrenForEphemerals: "an ephemeral node cannot have children",
  nodeExists: "the node exists already",
  notEmpty: "the node has children",
  sessionExpired: "the session has expired",
  invalidCallback: "the callback is invalid",
  invalidAcl: "the access control list is invalid",
  authFailed: "the server refused the credentials",
  sessionMoved: "the session has moved to another server",
  notReadOnly: "the server is in read-only mode",
  ephemeralOnLocalSession: "a local session cannot create ephemeral nodes",
  noWatcher: "there is no such watch",
  requestTimeout: "the request timed out in the ensemble",
  reconfigDisabled: "reconfiguration is disabled",
  sessionClosedRequireSaslAuth: "the server requires SASL authentication",
  quotaExceeded: "a quota would be exceeded",
  throttledOp: "the server is throttling requests",
  clientClosed: "the client is closed",
  queueFull: "too many requests are waiting for replies",
  unknownError: "the server answered with an unknown code",
};
