/**
 * A learner's link to its leader, and the attempts to get one: the leader may not have noticed yet
 * that it is elected, so that it is dialled again a few times.
 */
import type { PeerContext } from "./peer-context.ts";
import type { LinkId } from "./ready.ts";

export class LeaderDialler {
  readonly #context: PeerContext;
  readonly #leader: bigint;
  readonly #nextLink: () => LinkId;
  #link: LinkId | undefined;
  #dialsLeft: number;
  #redialAtMs: number | undefined;

  /** Dials at once. */
  constructor(context: PeerContext, leader: bigint, nextLink: () => LinkId) {
    this.#context = context;
    this.#leader = leader;
    this.#nextLink = nextLink;
    this.#dialsLeft = context.timing.dialAttempts;
    this.#dial();
  }

  /** The link in use, which may not be open yet; undefined between two attempts. */
  get link(): LinkId | undefined {
    return this.#link;
  }

  tick(): void {
    const isDue = this.#redialAtMs !== undefined && this.#context.nowMs >= this.#redialAtMs;
    if (isDue) this.#dial();
  }

  /** The link is of no use any more. */
  lose(): void {
    this.#link = undefined;
  }

  /** Will dial again; false when it has done so often enough. */
  retry(): boolean {
    if (this.#dialsLeft <= 0) return false;
    this.#redialAtMs = this.#context.nowMs + this.#context.timing.dialRetryMs;
    return true;
  }

  #dial(): void {
    this.#redialAtMs = undefined;
    this.#dialsLeft -= 1;
    this.#link = this.#nextLink();
    this.#context.outbox.pending.dials.push({ link: this.#link, sid: this.#leader });
  }
}
