/**
 * A port that could not be listened on: which one, where, and why. One class for the client,
 * election and quorum ports, because what the operator does about it is the same.
 */
export class ListenError extends Error {
  override readonly name = "ListenError";
  /** The system's code, such as EADDRINUSE. */
  readonly code: string;

  constructor(what: string, cause: NodeJS.ErrnoException & { address?: string; port?: number }) {
    const where = `${cause.address ?? "?"}:${cause.port ?? "?"}`;
    const reason =
      cause.code === "EADDRINUSE" ? "the port is in use by another process" : cause.message;
    super(`Cannot listen for ${what} connections at ${where}: ${reason}`, { cause });
    this.code = cause.code ?? "UNKNOWN";
  }

  /** Runs `listen` and turns its failure into a `ListenError`. */
  static async wrap(what: string, listen: () => Promise<void>): Promise<void> {
    try {
      await listen();
    } catch (error) {
      throw error instanceof Error ? new ListenError(what, error) : error;
    }
  }
}
