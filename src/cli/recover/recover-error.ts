/** Why `ensemble recover` has changed nothing, for the user to act on. */

/** `no-survivor`: the data is none to go on with; `not-accepted`: the user did not say to do it. */
export type RecoverErrorCode = "no-survivor" | "not-accepted";

export class RecoverError extends Error {
  override readonly name = "RecoverError";
  readonly code: RecoverErrorCode;

  constructor(code: RecoverErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
