/**
 * Tells the operator of requests that pass a quota: a warning for each quota and unit now and then,
 * and a count of the refused ones for each top-level name, as ZooKeeper's metric
 * `quota_exceeded_error_per_namespace` has it.
 */
import type { QuotaExcess } from "../tree/index.ts";
import type { RateLimitedLog } from "./limits/index.ts";

export class QuotaReport {
  readonly #log: RateLimitedLog;
  readonly #refusals = new Map<string, number>();

  constructor(log: RateLimitedLog) {
    this.#log = log;
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
    const fields = { path, unit, used: String(used), limit: String(limit), isHard, refused };
    this.#log.warn("Quota exceeded", fields, `${unit} ${path}`);
  }
}
