/**
 * Assertions: statements about our own code that stay on in production. A failed assertion is a
 * bug of ours, never bad input, and nobody but the composition root may catch it: a server that
 * no longer knows its own state must stop rather than vote.
 */

/** Thrown when the program contradicts itself. */
class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/**
 * Stops the program's current path when `condition` is false.
 *
 * @throws AssertionError with `message`.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/**
 * Unwraps a value that an invariant says is there.
 *
 * @throws AssertionError with `message` when the value is null or undefined.
 */
export function assertDefined<T>(value: T | null | undefined, message: string): T {
  if (value === null || value === undefined) throw new AssertionError(message);
  return value;
}
