/**
 * What `ensemble inspect` has to say about a file by way of its exit code: 2 where the file is
 * damaged, 1 where the command could not be carried out. Failures of reading come as the storage's
 * `StorageError` and end with 1.
 */

/** `usage`: the command was written wrongly; `damaged`: a file is not what it should be. */
export type InspectErrorCode = "usage" | "damaged";

export class InspectError extends Error {
  override readonly name = "InspectError";
  readonly code: InspectErrorCode;
  /** Of the process. */
  readonly exitCode: number;

  constructor(code: InspectErrorCode, message: string) {
    super(message);
    this.code = code;
    this.exitCode = code === "damaged" ? 2 : 1;
  }
}
