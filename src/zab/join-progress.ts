/**
 * Whether a learner that joins its leader gets on, which decides how long it goes on trying, and
 * the word of it (PROGRESS) that a leader of ours takes as a sign of life.
 */
import { PacketType } from "../wire/index.ts";
import type { PeerContext } from "./peer-context.ts";
import type { LinkId } from "./ready.ts";

export class JoinProgress {
  readonly #context: PeerContext;
  /** When joining last got on, or began. */
  #atMs: number;
  /** When the leader was told last; what has moved since it does not know. */
  #toldAtMs = 0;

  constructor(context: PeerContext) {
    this.#context = context;
    this.#atMs = context.nowMs;
  }

  /** Whether nothing has moved for too long. */
  get hasStalled(): boolean {
    const { nowMs, timing } = this.#context;
    return nowMs - this.#atMs > timing.initLimitTicks * timing.tickMs;
  }

  /** The leader begins to send its history, and knows it. */
  begin(): void {
    this.note();
    this.#toldAtMs = this.#atMs;
  }

  /** Something has moved. */
  note(): void {
    this.#atMs = this.#context.nowMs;
  }

  /** Tells the leader from time to time that this server is busy with what it was sent. */
  tell(link: LinkId): void {
    const { nowMs, timing, history, outbox } = this.#context;
    if (this.#atMs <= this.#toldAtMs || nowMs - this.#toldAtMs < timing.tickMs / 2) return;
    this.#toldAtMs = nowMs;
    outbox.send(link, PacketType.progress, history.last);
  }
}
