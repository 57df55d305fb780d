/**
 * What the shell itself has to say about a command: that it does not exist, was written wrongly, or
 * failed as part of a script. What the ensemble says comes as the client's `ZkError`.
 */

/** `usage`: the line is not a command; `script`: some lines of a script failed. */
export type ShellErrorCode = "usage" | "script";

/** A command that was not carried out. */
export class ShellError extends Error {
  override readonly name = "ShellError";
  readonly code: ShellErrorCode;

  constructor(code: ShellErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
