/**
 * Work that is to end with a signal, or after a while. `AbortSignal.any()` makes such a signal too,
 * but what it makes of one that lives as long as the process is held on to by it.
 */

/**
 * Does `work` under a signal that aborts with `signal`, after `timeoutMs`, and when the work is
 * done, so that nothing of it goes on. Nothing is left behind at `signal`.
 */
export async function withLimit<T>(
  signal: AbortSignal,
  timeoutMs: number,
  work: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  const limited = new AbortController();
  const end = (): void => limited.abort(signal.reason);
  const timer = setTimeout(() => limited.abort(new Error("It took too long")), timeoutMs);
  if (signal.aborted) end();
  else signal.addEventListener("abort", end);
  try {
    return await work(limited.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    limited.abort(new Error("It is over"));
  }
}
