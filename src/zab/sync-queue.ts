/**
 * The syncs that a leader has not answered yet. A sync promises that a read behind it sees every
 * write that was acknowledged before it, by whatever leader. So its answer waits for two things:
 * what this leader had proposed is committed, and a quorum of voters has answered a PING that was
 * sent after the sync came. By that answer a voter still followed this leader, so no quorum can
 * have followed another one before, and nobody else has acknowledged anything. A leader that was
 * deposed and does not know it gets no such quorum, and never answers.
 *
 * A round is one PING to every learner in service. All syncs of a turn share one, since its PINGs
 * leave at the turn's end; every heartbeat is a round as well.
 *
 * A commit of something proposed after the sync confirms it, too: each acknowledgement that it
 * took is an answer to what was sent after the sync. Therefore a sync is answered before the next
 * commit at the latest, and what it shows is exactly what was proposed before it.
 */
import { Fifo } from "../base/index.ts";
import { PacketType } from "../wire/index.ts";
import type { Learner, LearnerTable } from "./learner-table.ts";
import type { PeerContext } from "./peer-context.ts";
import type { LinkId, Outbox } from "./ready.ts";

/** Who asked for a sync: a client here, by what stands for it, or a learner. */
export type SyncOrigin = { readonly token: unknown } | { readonly link: LinkId };

/** The same; or the leader, for a learner whose disk was not whole and that waits for UPTODATE. */
export type SyncAsked = SyncOrigin | { readonly admitted: Learner };

/** Answers a sync once everything that is delivered so far has been applied. */
export function answerSync(outbox: Outbox, asked: SyncOrigin): void {
  if ("link" in asked) outbox.send(asked.link, PacketType.sync, 0n);
  else outbox.pending.syncs.push({ after: outbox.pending.deliver.length, token: asked.token });
}

interface WaitingSync {
  readonly asked: SyncAsked;
  /** Newest transaction that was proposed when it came. */
  readonly zxid: bigint;
  /** The round that has to be answered by a quorum. */
  readonly round: number;
}

export class SyncQueue {
  readonly #context: PeerContext;
  readonly #learners: LearnerTable;
  /** In the order of their coming, so that zxids and rounds ascend. */
  readonly #waiting = new Fifo<WaitingSync>();
  /** The `Ready` that the newest round leaves with. */
  #roundReady = -1;

  constructor(context: PeerContext, learners: LearnerTable) {
    this.#context = context;
    this.#learners = learners;
  }

  /** Syncs that are not answered yet. */
  get length(): number {
    return this.#waiting.length;
  }

  /** @param zxid newest transaction that is proposed. */
  add(asked: SyncAsked, zxid: bigint): void {
    if (this.#roundReady !== this.#context.outbox.readyCount) this.startRound(zxid);
    this.#waiting.push({ asked, zxid, round: this.#learners.round });
  }

  /** Sends a PING to every learner in service. */
  startRound(zxid: bigint): void {
    const { outbox } = this.#context;
    this.#roundReady = outbox.readyCount;
    outbox.broadcast(this.#learners.startRound(), PacketType.ping, zxid);
  }

  /** To be called before a transaction is delivered that a quorum has acknowledged. */
  confirmBefore(zxid: bigint): void {
    for (let sync = this.#waiting.peek(); sync !== undefined; sync = this.#waiting.peek()) {
      if (sync.zxid >= zxid) return;
      this.#answer(sync);
    }
  }

  /** Answers what is confirmed and waits for no commit; `oldest` is the oldest uncommitted zxid. */
  settle(oldest: bigint | undefined): void {
    for (let sync = this.#waiting.peek(); sync !== undefined; sync = this.#waiting.peek()) {
      if (oldest !== undefined && sync.zxid >= oldest) return;
      const answered = this.#learners.votersAfter(sync.round);
      if (!this.#context.voters.isQuorum(answered, "sync")) return;
      this.#answer(sync);
    }
  }

  #admit(learner: Learner): void {
    if (this.#learners.get(learner.link) === learner) this.#learners.activate(learner);
  }

  #answer({ asked }: WaitingSync): void {
    this.#waiting.shift();
    if ("admitted" in asked) this.#admit(asked.admitted);
    else answerSync(this.#context.outbox, asked);
  }
}
