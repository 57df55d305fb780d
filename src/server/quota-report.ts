/**
 * Tells the operator of requests that pass a quota: a warning for each quota and unit now and then,
 * with how many requests it stands for, and a count of the refused ones for each top-level name,
 * as ZooKeeper's metric `quota_exceeded_error_per_namespace` has it.
 */
import type { Clock } from "../base/index.ts";
import type { Logger } from "../observe/index.ts";
import type { QuotaExcess } from "../tree/index.ts";

/** Pause between two warnings about the same thing, in ms. */
const warnEveryMs = 10_000;

interface Warning {
  nextMs: number;
  /** Requests since the last warning that was written. */
  unreported: number;
}

export class QuotaReport {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #warnings = new Map<string, Warning>();
  readonly #refusals = new Map<string, number>();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Refused requests by the first name of the path that has the quota. */
  get refusals(): ReadonlyMap<string, number> {
    return this.#refusals;
  }

  add({ path, unit, isHard, used, limit, refused }: QuotaExcess): void {
    if (refused) {
      const namespace = path.split("/", 2)[1] ?? "";
      this.#refusals.set(namespace, (this.#refusals.get(namespace) ?? 0) + 1);
    }
    const requests = this.#due(`${unit} ${path}`);
    if (requests === 0) return;
    const fields = { path, unit, used: String(used), limit: String(limit), isHard, refused };
    this.#logger.warn("Quota exceeded", { ...fields, requests });
  }

  /** For how many requests a warning is to be written now. */
  #due(key: string): number {
    const nowMs = this.#clock.monotonicMs();
    const warning = this.#warnings.get(key) ?? { nextMs: nowMs, unreported: 0 };
    this.#warnings.set(key, warning);
    warning.unreported += 1;
    if (nowMs < warning.nextMs) return 0;
    const { unreported } = warning;
    warning.nextMs = nowMs + warnEveryMs;
    warning.unreported = 0;
    return unreported;
  }
}
