/** The one error of reading a configuration of the ensemble from text. */

/**
 * A configuration or one of its lines that cannot be read; `message` says what was expected,
 * without a verb, so that a caller can put the place before it.
 */
export class QuorumConfigError extends Error {
  override readonly name = "QuorumConfigError";
}
