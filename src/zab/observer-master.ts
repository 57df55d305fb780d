/**
 * A follower's care for observers (ZooKeeper 3.9 `ObserverMaster`): it brings them up to date from
 * its own history, and tells them of what is committed when it hears of it. Requests, revalidations
 * and signs of life are passed on by the layer above.
 *
 * Invariants:
 * 1. It exists while its follower is in service: all of the history is decided then, and what is
 *    added to it is committed.
 * 2. An observer gets the history without gap, up to what this server holds; it is never cut back
 *    behind what it was told of in this epoch, by whomever.
 */
import { PacketType, makeZxid, zxidCounter, zxidEpoch } from "../wire/index.ts";
import type { QuorumPacket } from "../wire/index.ts";
import { tellEpoch } from "./discovery.ts";
import type { HistoryEntry } from "./history.ts";
import { informObservers, informOfActivation } from "./inform-observers.ts";
import type { LearnerParts } from "./leader-parts.ts";
import { LearnerPacing } from "./learner-pacing.ts";
import { LearnerTable } from "./learner-table.ts";
import type { Learner } from "./learner-table.ts";
import type { PeerContext } from "./peer-context.ts";
import type { LearnerHost, LinkId, LogPlace } from "./ready.ts";
import { endSynchronisation, synchroniseLearner } from "./synchronise-learner.ts";

export class ObserverMaster implements LearnerHost {
  readonly #parts: LearnerParts;
  readonly #epoch: number;
  #nextPingAtMs: number;

  /** @param epoch that of the leader, entered. */
  constructor(context: PeerContext, epoch: number) {
    const learners = new LearnerTable(context);
    this.#parts = { context, learners, pacing: new LearnerPacing(context, learners) };
    this.#epoch = epoch;
    this.#nextPingAtMs = context.nowMs + context.timing.tickMs / 2;
  }

  learners(): IterableIterator<Learner> {
    return this.#parts.learners.all();
  }

  learnerOf(link: LinkId): Learner | undefined {
    return this.#parts.learners.get(link);
  }

  links(): Iterable<LinkId> {
    return this.#parts.learners.linkIds();
  }

  linkOpened(link: LinkId): void {
    this.#parts.learners.add(link);
  }

  linkClosed(link: LinkId): void {
    this.#parts.learners.remove(link);
  }

  linkProgress(link: LinkId): void {
    const learner = this.#parts.learners.get(link);
    if (learner !== undefined) learner.heardAtMs = this.#parts.context.nowMs;
  }

  linkOverfull(link: LinkId, queuedBytes: number): void {
    const { learners, pacing } = this.#parts;
    const learner = learners.get(link);
    if (learner !== undefined) pacing.judge(learner, queuedBytes);
  }

  logFound(link: LinkId, place: LogPlace | undefined): void {
    const learner = this.#parts.learners.get(link);
    if (learner?.logPlace !== "asked") return;
    learner.logPlace = place ?? null;
    this.#synchronise(learner);
  }

  tick(): void {
    const { context, learners } = this.#parts;
    const { nowMs, timing, outbox, history } = context;
    learners.dropSilent(true);
    for (const learner of learners.all()) this.#synchronise(learner);
    if (nowMs < this.#nextPingAtMs) return;
    this.#nextPingAtMs = nowMs + timing.tickMs / 2;
    outbox.broadcast(learners.startRound(), PacketType.ping, history.last);
  }

  /** A transaction is part of the history now; `designated` leads if it is a reconfiguration. */
  committed(entry: HistoryEntry, designated: bigint | undefined): void {
    const { context, learners } = this.#parts;
    const { outbox } = context;
    if (designated === undefined) informObservers(outbox, learners.observers, entry);
    else informOfActivation(outbox, learners.observers, entry, designated);
  }

  receivePacket(link: LinkId, packet: QuorumPacket): void {
    const { context, learners } = this.#parts;
    const learner = learners.get(link);
    if (learner === undefined) return;
    learner.heardAtMs = context.nowMs;
    switch (packet.type) {
      case PacketType.observerInfo:
        this.#receiveInfo(learner, packet);
        break;
      case PacketType.ackEpoch:
        if (learners.acknowledgeEpoch(learner, packet) !== undefined) this.#synchronise(learner);
        break;
      case PacketType.ack:
        this.#receiveAck(learner, packet.zxid);
        break;
      case PacketType.ping:
        learners.answered(learner, packet, context.history.last);
        break;
      case PacketType.progress:
        break;
      case PacketType.request:
      case PacketType.revalidate:
        if (learner.stage !== "synced") learners.drop(learner, "Request before sync");
        else context.outbox.pending.events.push({ kind: "packet", link, packet });
        break;
      default:
        learners.drop(learner, `Unexpected packet type ${packet.type}`);
    }
  }

  #receiveInfo(learner: Learner, { data }: QuorumPacket): void {
    const { context, learners } = this.#parts;
    if (!learners.identify(learner, data, false)) return;
    // What it acknowledged once may be news to this server: only the leader can make it whole.
    if (learner.isIncomplete) learners.drop(learner, "Its disk is not whole");
    else tellEpoch(learner, this.#epoch, context);
  }

  #receiveAck(learner: Learner, zxid: bigint): void {
    const { learners } = this.#parts;
    if (zxid !== makeZxid(this.#epoch, 0) || !endSynchronisation(learner, this.#parts)) return;
    learners.activate(learner);
  }

  #synchronise(learner: Learner): void {
    if (learner.stage !== "acked-epoch" || this.#isBehind(learner)) return;
    const { configs } = this.#parts.context;
    synchroniseLearner(learner, this.#parts, {
      epoch: this.#epoch,
      config: configs.active,
      proposals: () => [],
    });
  }

  /**
   * Whether an observer has heard of more in this epoch than this server: what it has is committed,
   * or will be as long as the epoch lasts. A zxid with counter 0 stands for no transaction.
   */
  #isBehind({ lastZxid }: Learner): boolean {
    const isOfEpoch = zxidEpoch(lastZxid) === this.#epoch && zxidCounter(lastZxid) !== 0;
    return isOfEpoch && lastZxid > this.#parts.context.history.last;
  }
}
