/**
 * The one error that decoding untrusted bytes may throw. It says what was wrong with the bytes;
 * whoever owns the connection or file adds where they came from and closes it.
 */

/** Why bytes could not be decoded. */
export type WireErrorCode =
  "truncated" | "bad-length" | "bad-value" | "unknown-type" | "trailing-bytes";

/** Bytes from a peer, a client or a file did not follow the format. */
export class WireError extends Error {
  override readonly name = "WireError";
  readonly code: WireErrorCode;

  constructor(code: WireErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
