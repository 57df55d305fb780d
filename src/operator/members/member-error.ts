/** The error of a member that did not answer over HTTP, or not as it should; for this folder. */

/**
 * - `unreachable`: it did not answer in time, or not at all.
 * - `badAnswer`: what it answered is none of ours.
 */
export type MemberErrorCode = "unreachable" | "badAnswer";

export class MemberError extends Error {
  override readonly name = "MemberError";
  readonly code: MemberErrorCode;

  constructor(code: MemberErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
