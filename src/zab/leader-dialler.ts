/**
 * A learner's link to its leader, and the attempts to get one: the leader may not have noticed yet
 * that it is elected, so that it is dialled again a few times. An observer tries followers first
 * where those serve observers: they may still be on their way into service as well.
 */
import { observerPauseMs } from "./peer-context.ts";
import type { PeerContext } from "./peer-context.ts";
import type { LinkId } from "./ready.ts";

export class LeaderDialler {
  readonly #context: PeerContext;
  readonly #leader: bigint;
  readonly #nextLink: () => LinkId;
  #link: LinkId | undefined;
  #triesMasters: boolean;
  #dialsLeft: number;
  #redialAtMs: number | undefined;

  /** Dials at once, unless an observer has to wait before it dials the leader. */
  constructor(context: PeerContext, leader: bigint, nextLink: () => LinkId) {
    this.#context = context;
    this.#leader = leader;
    this.#nextLink = nextLink;
    this.#triesMasters = mayLearnFromFollowers(context);
    this.#dialsLeft = context.timing.dialAttempts;
    this.#redialAtMs = context.nowMs + (this.#triesMasters ? 0 : pauseMs(context));
    this.tick();
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
    const { nowMs, timing } = this.#context;
    this.#redialAtMs = nowMs + timing.dialRetryMs;
    if (this.#dialsLeft > 0) return true;
    if (!this.#triesMasters) return false;
    this.#triesMasters = false;
    this.#dialsLeft = timing.dialAttempts;
    this.#redialAtMs = nowMs + pauseMs(this.#context);
    return true;
  }

  #dial(): void {
    this.#redialAtMs = undefined;
    this.#dialsLeft -= 1;
    this.#link = this.#nextLink();
    const { masters, configs, outbox } = this.#context;
    const { voters } = configs.active;
    const master = this.#triesMasters ? masters.next(voters, this.#leader) : undefined;
    const to = master === undefined ? "leader" : "observer-master";
    outbox.pending.dials.push({ link: this.#link, sid: master ?? this.#leader, to });
  }
}

/**
 * Whether this server learns from followers. One whose disk is not whole does not: they may not
 * have heard yet of all that it acknowledged once, and it would be called whole without that.
 */
function mayLearnFromFollowers({ observers, configs, volume, sid }: PeerContext): boolean {
  return observers.hasMasters && configs.isObserver(sid) && !volume.isIncomplete;
}

function pauseMs(context: PeerContext): number {
  return observerPauseMs(context, context.observers.reconnectDelayMs);
}
