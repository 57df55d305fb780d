/**
 * The errors that the session machine itself ends requests with, as opposed to those that a server
 * answers. What they have in common is the distinction that users need most: whether the request
 * may have been carried out.
 */
import { OpCode } from "../wire/index.ts";
import type { AuthEntry, SessionRequest } from "./session-request.ts";
import { ZkError } from "./zk-error.ts";
import type { ZkErrorCode } from "./zk-error.ts";

const readOps: ReadonlySet<number> = new Set([
  OpCode.exists,
  OpCode.getData,
  OpCode.getACL,
  OpCode.getChildren,
  OpCode.getChildren2,
  OpCode.sync,
  OpCode.whoAmI,
]);

/** For a request that was never sent, or whose reply came and could not be used. */
export function failureOf(request: SessionRequest, code: ZkErrorCode, cause?: unknown): ZkError {
  return ZkError.withCode(code, request.action, { path: request.path, cause });
}

/** For a request that was sent and will get no reply: a write may have happened. */
export function lostFailure(request: SessionRequest, code: ZkErrorCode, cause?: unknown): ZkError {
  const outcomeUnknown = !readOps.has(request.op);
  return ZkError.withCode(code, request.action, { path: request.path, cause, outcomeUnknown });
}

/** For a request that waited `waitedMs` for a connection. */
export function overdueFailure({ action, path }: SessionRequest, waitedMs: number): ZkError {
  const reason = `no server was reached within ${waitedMs} ms`;
  return ZkError.because("connectionLoss", action, { path, reason });
}

export function authFailure(entry: AuthEntry, code: ZkErrorCode): ZkError {
  return ZkError.withCode(code, `add ${entry.scheme} credentials`);
}
