/** A logger that prints what a server would warn of, for commands that read a server's files. */
import type { LogFields, Logger } from "../observe/index.ts";

/** @param print - takes one line. */
export function printingLogger(print: (line: string) => void): Logger {
  const ignore = (): void => undefined;
  const warn = (message: string, fields?: LogFields): void => {
    print(`warning: ${message} ${JSON.stringify(fields ?? {})}`);
  };
  const logger: Logger = { debug: ignore, info: ignore, warn, error: warn, child: () => logger };
  return logger;
}
