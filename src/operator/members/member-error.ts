/**
 * The error of a member that did not answer, or not as it should. Reconfigurations fail with the
 * client library's `ZkError` instead.
 */

/**
 * - `unreachable`: it did not answer in time, or not at all.
 * - `badAnswer`: what it answered is none of ours.
 * - `refused`: it answered that it does not do what it was asked for.
 */
export type MemberErrorCode = "unreachable" | "badAnswer" | "refused";

/** Thrown by everything that asks members over HTTP. */
export class MemberError extends Error {
  override readonly name = "MemberError";
  readonly code: MemberErrorCode;

  constructor(code: MemberErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
