/**
 * The logging interface that all code is given. A message is a constant string; what varies goes
 * into `fields`, so that logs can be searched. The implementation (winston) lives in the
 * composition root; tests and simulations use `nullLogger` or their own.
 */

/** What may accompany a message; bigint values are written in hexadecimal by the implementation. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A sink for log records. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every record. */
  child(fields: LogFields): Logger;
}

/** A logger that keeps nothing. */
export const nullLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => nullLogger,
};
