/**
 * What a leader in service does with transactions (ZAB's broadcast): they are proposed, committed
 * once a quorum has them on disk, and syncs are answered in between. Whether the leader is in
 * service, and what learners it has, is decided elsewhere.
 *
 * Invariants:
 * 1. A proposal counts as acknowledged by this server only when it is durable here.
 * 2. Proposals are committed in zxid order, each after a quorum acknowledged it.
 * 3. What `context.history` holds has been delivered here; the proposals follow it without gap.
 * 4. Nothing is committed behind a reconfiguration by which another server is to lead.
 */
import { assert } from "../base/index.ts";
import { PacketType } from "../wire/index.ts";
import type { QuorumPacket } from "../wire/index.ts";
import type { HistoryEntry } from "./history.ts";
import { informObservers } from "./inform-observers.ts";
import type { LeaderParts } from "./leader-parts.ts";
import { activateEverywhere, findReconfigProblem } from "./leader-reconfig.ts";
import type { Learner } from "./learner-table.ts";
import { reconfiguration } from "./membership.ts";
import type { Membership } from "./membership.ts";
import { appendToLog, deliver } from "./peer-context.ts";
import type { Proposal } from "./proposals.ts";
import type { Retirement } from "./retirement.ts";
import { SyncQueue } from "./sync-queue.ts";
import type { SyncAsked } from "./sync-queue.ts";

export class Broadcast {
  readonly #parts: LeaderParts;
  readonly #retirement: Retirement;
  readonly #syncs: SyncQueue;
  #lastProposed = 0n;
  #nextPingAtMs = 0;

  constructor(parts: LeaderParts, retirement: Retirement) {
    this.#parts = parts;
    this.#retirement = retirement;
    this.#syncs = new SyncQueue(parts.context, parts.learners);
  }

  /** zxid of the newest proposal, or of the start of the epoch. */
  get lastProposed(): bigint {
    return this.#lastProposed;
  }

  /** Syncs that are not answered yet. */
  get pendingSyncCount(): number {
    return this.#syncs.length;
  }

  /** Whether all is committed and answered. */
  get isQuiet(): boolean {
    return this.#parts.proposals.length === 0 && this.#syncs.length === 0;
  }

  /** @param zxid stands for the start of the epoch. */
  beginEpoch(zxid: bigint): void {
    this.#lastProposed = zxid;
  }

  /** The next PING is due half a tick from now. */
  delayPing(): void {
    const { nowMs, timing } = this.#parts.context;
    this.#nextPingAtMs = nowMs + timing.tickMs / 2;
  }

  propose(entry: HistoryEntry): void {
    assert(entry.zxid === this.#lastProposed + 1n, "zxids are given out in order");
    const { context, learners, proposals } = this.#parts;
    const { outbox, configs } = context;
    const next = configs.isChangeable ? reconfiguration(entry) : undefined;
    if (next !== undefined) {
      const problem = findReconfigProblem(this.#parts, next);
      assert(problem === undefined, "a reconfiguration is possible");
      assert(next.version === entry.zxid, "a configuration is named after its transaction");
      configs.see(next);
    }
    this.#lastProposed = entry.zxid;
    proposals.add(entry, next);
    appendToLog(context, entry);
    outbox.broadcast(learners.followers, PacketType.proposal, entry.zxid, entry.payload);
  }

  sync(asked: SyncAsked): void {
    this.#syncs.add(asked, this.#lastProposed);
    this.#settleSyncs();
  }

  /** Sends a PING to every learner in service, twice a tick. */
  tick(): void {
    if (this.#parts.context.nowMs < this.#nextPingAtMs) return;
    this.delayPing();
    this.#syncs.startRound(this.#lastProposed);
  }

  /** The answer of a learner to a PING. */
  receivePing(learner: Learner, packet: QuorumPacket): void {
    if (this.#parts.learners.answered(learner, packet, this.#lastProposed)) this.#settleSyncs();
  }

  /** Commits what a quorum has acknowledged. */
  commit(): void {
    const { context, learners, proposals } = this.#parts;
    const { outbox } = context;
    while (!this.#retirement.hasBegun) {
      const proposal = proposals.takeCommitted();
      if (proposal === undefined) break;
      const { entry, next } = proposal;
      this.#syncs.confirmBefore(entry.zxid);
      if (next !== undefined) this.#reconfigure(proposal, next);
      else {
        outbox.broadcast(learners.followers, PacketType.commit, entry.zxid);
        informObservers(outbox, learners.observers, entry);
      }
      deliver(context, entry);
    }
    this.#settleSyncs();
  }

  /** Answers the syncs that wait for nothing more. */
  #settleSyncs(): void {
    this.#syncs.settle(this.#parts.proposals.oldest);
  }

  #reconfigure(committed: Proposal, next: Membership): void {
    const designated = activateEverywhere(this.#parts, committed, next);
    if (designated !== this.#parts.context.sid) this.#retirement.begin(designated);
  }
}
