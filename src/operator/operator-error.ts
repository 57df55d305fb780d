/**
 * The error of everything that manages ensembles: an object that cannot be used, a folder that
 * cannot be written, a port that is taken, a member that does not start. It carries one or more
 * problems, each a complete line for the user.
 */

/** What kind of problem it is. */
export type OperatorErrorCode =
  /** The object given is not valid. */
  | "INVALID_OBJECT"
  /** A file or folder cannot be read or written. */
  | "FILE_ACCESS"
  /** Another process manages the same folder. */
  | "LOCKED"
  /** A port is in use. */
  | "PORT_TAKEN"
  /** What is asked for cannot be reached from what is there. */
  | "UNSUPPORTED_CHANGE"
  /** A member does not start or does not come to serve. */
  | "START_FAILED"
  /** Members did not do what they were asked for, or nobody knows whether they did. */
  | "MEMBERS_REFUSED"
  /** The API server does not let a volume grow. */
  | "GROWTH_REFUSED"
  /** This operator may not act any more. */
  | "LEAD_LOST";

/** Thrown for operational failures; `problems` has one line each. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
  readonly code: OperatorErrorCode;
  readonly problems: readonly string[];

  constructor(code: OperatorErrorCode, problems: string | readonly string[], cause?: unknown) {
    const lines = typeof problems === "string" ? [problems] : problems;
    super(lines.join("\n"), { cause });
    this.code = code;
    this.problems = lines;
  }
}
