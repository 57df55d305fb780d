/**
 * Whether a server can do its work, and if not, why not: the one place where the answers to probes
 * are made. Each part of the server adds a named check of its own; a check is asked whenever a
 * probe is, so it must be quick and must not throw.
 */

/** One reason for a "no", for programs (`code`) and for people (`message`). */
export interface ReadinessCause {
  /** Lower case with hyphens, such as `looking-for-leader`; part of the interface to users. */
  readonly code: string;
  readonly message: string;
}

/** Null when all is well. */
export type ReadinessCheck = () => ReadinessCause | null;

/** The checks of one server. */
export class Readiness {
  readonly #checks: ReadinessCheck[] = [];

  add(check: ReadinessCheck): void {
    this.#checks.push(check);
  }

  /** Every reason why the server is not ready, in the order of the checks; none when it is. */
  causes(): ReadinessCause[] {
    return this.#checks.flatMap((check) => check() ?? []);
  }
}
