/**
 * The one place that decides what a failed call to the Kubernetes API means. Callers look at
 * `code`, never at a message or a number of HTTP: the API server answers with a `Status` object,
 * proxies in front of it with anything, and a watch reports failures inside a stream of status 200.
 */

/** What went wrong, as far as a caller can act on it. */
export type KubeErrorCode =
  /** 404: no such object, or no such kind of object. */
  | "NOT_FOUND"
  /** 409: the object is not as the call supposed (version, identity, or owner of a field). */
  | "CONFLICT"
  /** 409 to a creation: there is one of that name. */
  | "ALREADY_EXISTS"
  /** 410: the version asked for is forgotten; list again. */
  | "GONE"
  /** 400, 415, 422: the API server will never take this request. */
  | "INVALID"
  /** 401, or credentials that cannot be read. */
  | "UNAUTHORIZED"
  /** 403. */
  | "FORBIDDEN"
  /** 429: the server is overloaded, or a disruption budget forbids an eviction now. */
  | "TOO_MANY_REQUESTS"
  /** 5xx. */
  | "SERVER_ERROR"
  /** Any other status that is not a success. */
  | "UNEXPECTED_STATUS"
  /** No connection, or it broke. */
  | "UNREACHABLE"
  /** No answer in time, or a watch that fell silent. */
  | "TIMEOUT"
  /** The answer is not what the API promises: not JSON, too large, cut off. */
  | "BAD_RESPONSE"
  /** The caller gave up. */
  | "CANCELLED";

const RETRIABLE: ReadonlySet<KubeErrorCode> = new Set([
  "TOO_MANY_REQUESTS",
  "SERVER_ERROR",
  "UNREACHABLE",
  "TIMEOUT",
  "BAD_RESPONSE",
]);

/** No wait that a server asks for is longer: what it says may be wrong. */
const RETRY_AFTER_SECONDS_MAX = 300;

/** What is known of a failure besides its code and message. */
export interface KubeErrorDetails {
  /** The HTTP status, or the `code` of a `Status` object. */
  readonly status?: number;
  /** The `reason` of the `Status` object, such as `AlreadyExists`. */
  readonly reason?: string;
  /** How long the server asks to be left alone. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** Thrown by everything that talks to the Kubernetes API. */
export class KubeError extends Error {
  override readonly name = "KubeError";
  readonly code: KubeErrorCode;
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: KubeErrorCode, message: string, details: KubeErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.status = details.status;
    this.reason = details.reason;
    this.retryAfterMs = details.retryAfterMs;
  }

  /** Whether the same call may succeed later although nobody changes anything. */
  get retriable(): boolean {
    return RETRIABLE.has(this.code);
  }

  /** `error` itself if it is one of ours, or a failed connection; `call` is what was attempted. */
  static from(error: unknown, call: string): KubeError {
    if (error instanceof KubeError) return error;
    const text = error instanceof Error ? error.message : String(error);
    return new KubeError("UNREACHABLE", `${call}: ${text}`, { cause: error });
  }
}

/** The error of an answer with an HTTP status that is not a success. */
export function errorOfResponse(
  call: string,
  status: number,
  retryAfter: string | undefined,
  body: string,
): KubeError {
  const parsed = parseStatus(body);
  const seconds = secondsOf(retryAfter) ?? secondsOf(parsed.retryAfterSeconds);
  const said = parsed.message ?? (body.slice(0, 200).trim() || "no explanation");
  // An object of another identity is refused as if its uid were to be changed.
  const code = parsed.isUidRefused === true ? "CONFLICT" : codeOf(status, parsed.reason);
  return new KubeError(code, `${call}: status ${status}: ${said}`, {
    status,
    ...(parsed.reason === undefined ? {} : { reason: parsed.reason }),
    ...(seconds === undefined ? {} : { retryAfterMs: seconds * 1000 }),
  });
}

/** The error of a `Status` object that a watch was sent as an event. */
export function errorOfEvent(call: string, object: unknown): KubeError {
  const code = isRecord(object) ? object["code"] : undefined;
  const status = typeof code === "number" ? code : 500;
  return errorOfResponse(call, status, undefined, JSON.stringify(object) ?? "");
}

function codeOf(status: number, reason: string | undefined): KubeErrorCode {
  if (reason === "Expired" || reason === "Gone") return "GONE";
  switch (status) {
    case 400:
    case 415:
    case 422:
      return "INVALID";
    case 401:
      return "UNAUTHORIZED";
    case 403:
      return "FORBIDDEN";
    case 404:
      return "NOT_FOUND";
    case 409:
      return reason === "AlreadyExists" ? "ALREADY_EXISTS" : "CONFLICT";
    case 410:
      return "GONE";
    case 429:
      return "TOO_MANY_REQUESTS";
    default:
      return status >= 500 && status < 600 ? "SERVER_ERROR" : "UNEXPECTED_STATUS";
  }
}

interface ParsedStatus {
  readonly reason?: string;
  readonly message?: string;
  readonly retryAfterSeconds?: unknown;
  readonly isUidRefused?: boolean;
}

/** What a body says if it is a `Status` object; a proxy's page says nothing. */
function parseStatus(body: string): ParsedStatus {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return {};
  }
  if (!isRecord(value) || value["kind"] !== "Status") return {};
  const { reason, message, details } = value;
  return {
    ...(typeof reason === "string" ? { reason } : {}),
    ...(typeof message === "string" ? { message } : {}),
    ...(isRecord(details) ? { retryAfterSeconds: details["retryAfterSeconds"] } : {}),
    ...(isRecord(details) ? { isUidRefused: namesUid(details["causes"]) } : {}),
  };
}

function namesUid(causes: unknown): boolean {
  if (!Array.isArray(causes)) return false;
  return causes.some((cause) => isRecord(cause) && cause["field"] === "metadata.uid");
}

/** Whole seconds; the API server does not send the form with a date. */
function secondsOf(value: unknown): number | undefined {
  const seconds = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof seconds !== "number" || !(seconds > 0)) return undefined;
  return Math.min(seconds, RETRY_AFTER_SECONDS_MAX);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
