/**
 * The sizes that the API server has refused to claims, so that it is not asked at each look. It is
 * asked again after a while: somebody may have allowed it.
 */

const REFUSAL_MS = 600_000;

/** Remembers refusals, by the uid of the claim. */
export class GrowthRefusals {
  readonly #refusals = new Map<string, { readonly size: string; readonly wallMs: number }>();

  /** Takes note that a claim may not ask for a size. */
  add(uid: string, size: string, wallMs: number): void {
    this.#refusals.set(uid, { size, wallMs });
  }

  /** Whether a size was refused, not long ago. */
  has(uid: string, size: string, wallMs: number): boolean {
    const refusal = this.#refusals.get(uid);
    return refusal?.size === size && Math.abs(wallMs - refusal.wallMs) < REFUSAL_MS;
  }
}
