/**
 * A leader on its way to hand over (docs/decisions/0007). It asks the learners that know how to
 * send no more requests, goes on with what they had sent before, and is done when nothing is left
 * to commit and the target has everything on disk. Requests of learners that were not asked, or
 * have not answered in time, are parked: unheard if the hand-over comes about, since their links
 * end with it; taken up in their order if it does not.
 *
 * Whom the next election chooses is not decided here: the notice only says whom to vote for.
 */
import { PacketType, encodeHandOver } from "../wire/index.ts";
import type { QuorumPacket } from "../wire/index.ts";
import type { Configurations } from "./configurations.ts";
import type { Learner, LearnerTable } from "./learner-table.ts";
import type { PeerContext, Successor } from "./peer-context.ts";
import type { LinkId } from "./ready.ts";

/** Why a leader does not begin to hand over. */
export type HandOverProblem =
  /** It is handing over already. */
  | "under-way"
  /** The target leads. */
  | "leads-already"
  /** The target is not of this ensemble. */
  | "unknown-server"
  /** The target is an observer. */
  | "no-voter"
  /** The target is not connected, or not synchronised. */
  | "not-in-sync"
  /** No voter is in sync. */
  | "no-candidate";

/** How long learners may take to say that they hold their clients back. */
const answerMsMax = 500;
/** How long it may take until the target has everything; clients wait meanwhile. */
const handOverMsMax = 1000;
/** What may be parked, in packets and in bytes. */
const parkedMax = 10_000;
const parkedBytesMax = 16 * 1024 * 1024;

function handOverProblem(
  { sid, configs }: PeerContext,
  learners: LearnerTable,
  target: bigint | undefined,
): HandOverProblem | undefined {
  const candidates = [...learners.all()].filter((learner) => isCandidate(learner, configs));
  if (target === undefined) return candidates.length === 0 ? "no-candidate" : undefined;
  if (target === sid) return "leads-already";
  if (configs.isObserver(target)) return "no-voter";
  if (!configs.electors.has(target)) return "unknown-server";
  return candidates.some((learner) => learner.sid === target) ? undefined : "not-in-sync";
}

function isCandidate({ stage, isFollower, sid }: Learner, configs: Configurations): boolean {
  return stage === "synced" && isFollower && configs.electors.mayLead(sid);
}

export class HandOver {
  readonly #context: PeerContext;
  readonly #learners: LearnerTable;
  #isUnderWay = false;
  #target: bigint | undefined;
  #startedAtMs = 0;
  #successor: Successor | undefined;
  #parked: { readonly link: LinkId; readonly packet: QuorumPacket }[] = [];
  #parkedBytes = 0;

  constructor(context: PeerContext, learners: LearnerTable) {
    this.#context = context;
    this.#learners = learners;
  }

  /** Set once the leader's reign is over: nothing may be proposed any more. */
  get successor(): Successor | undefined {
    return this.#successor;
  }

  /** Whether somebody could lead without this server: the other voters in sync are a quorum. */
  get canBeSpared(): boolean {
    const { voters, sid } = this.#context;
    return voters.isQuorum(this.#learners.liveVoters() & ~voters.bit(sid), "liveness");
  }

  /**
   * Begins to hand over to `target`, or to any voter, or says why not; only on a serving leader.
   * The role ends with a successor, or a "release" event says that nothing came of it.
   */
  begin(target: bigint | undefined): HandOverProblem | undefined {
    const { outbox, history, nowMs } = this.#context;
    if (this.#isUnderWay) return "under-way";
    const problem = handOverProblem(this.#context, this.#learners, target);
    if (problem !== undefined) return problem;
    this.#isUnderWay = true;
    this.#target = target;
    this.#startedAtMs = nowMs;
    const asked = [...this.#learners.all()].filter(
      ({ stage, knowsHandOver }) => stage === "synced" && knowsHandOver,
    );
    for (const learner of asked) learner.hold = "asked";
    const links = asked.map(({ link }) => link);
    outbox.broadcast(links, PacketType.hold, history.last);
    return undefined;
  }

  /** Takes in HOLD, and parks requests of senders that may send none; false for all else. */
  takes(learner: Learner, packet: QuorumPacket): boolean {
    if (packet.type === PacketType.hold) {
      if (learner.hold === "asked") learner.hold = "holding";
      return true;
    }
    if (!this.#isUnderWay || this.#isAwaited(learner)) return false;
    this.#parked.push({ link: learner.link, packet });
    this.#parkedBytes += packet.data?.length ?? 0;
    return true;
  }

  /**
   * Goes on as far as possible.
   *
   * @param committed the zxid up to which everything is answered; undefined when something is not.
   */
  advance(committed: bigint | undefined): void {
    if (!this.#isUnderWay || this.#successor !== undefined) return;
    const step = this.#check(committed);
    if (step === "give-up") this.#giveUp();
    else if (step !== "wait") this.#successor = this.#finish(step);
  }

  /** Whom to hand over to now, if it does not have to wait or to be given up. */
  #check(committed: bigint | undefined): Learner | "wait" | "give-up" {
    const waitedMs = this.#context.nowMs - this.#startedAtMs;
    if (waitedMs > handOverMsMax || this.#isCrowded) return "give-up";
    const candidates = [...this.#learners.all()].filter(
      (learner) =>
        isCandidate(learner, this.#context.configs) &&
        (this.#target ?? learner.sid) === learner.sid,
    );
    if (candidates.length === 0) return "give-up";
    if (committed === undefined) return "wait";
    for (const learner of this.#learners.all()) if (this.#isAwaited(learner)) return "wait";
    // Requests that came before a HOLD, and that the layer above is yet to propose.
    const { events } = this.#context.outbox.pending;
    if (events.some(({ kind }) => kind === "packet")) return "wait";
    return this.#best(candidates.filter(({ reachedZxid }) => reachedZxid >= committed)) ?? "wait";
  }

  /** Tells those who know how that `target` is to lead. */
  #finish(target: Learner): Successor {
    const { sid, configs, outbox, history, currentEpoch, logger } = this.#context;
    for (const { sid: learner, hold } of this.#learners.all()) {
      if (hold === "asked") logger.warn("Learner is too slow for the hand-over", { learner });
    }
    const synced = [...this.#learners.all()].filter(({ stage }) => stage === "synced");
    const voters = [
      sid,
      ...synced.filter((learner) => isCandidate(learner, configs)).map((learner) => learner.sid),
    ];
    const links = synced.filter(({ knowsHandOver }) => knowsHandOver).map(({ link }) => link);
    const notice = encodeHandOver({ target: target.sid, voters });
    outbox.broadcast(links, PacketType.handOver, history.last, notice);
    const candidate = { leader: target.sid, zxid: history.last, peerEpoch: BigInt(currentEpoch) };
    return { ...candidate, voters };
  }

  /** Has everybody go on as before. */
  #giveUp(): void {
    this.#isUnderWay = false;
    const { outbox, history } = this.#context;
    const held = [...this.#learners.all()].filter(({ hold }) => hold !== "none");
    for (const learner of held) learner.hold = "none";
    const links = held.map(({ link }) => link);
    outbox.broadcast(links, PacketType.release, history.last);
    outbox.pending.events.push({ kind: "release" });
    for (const { link, packet } of this.#parked) {
      if (this.#learners.get(link) !== undefined)
        outbox.pending.events.push({ kind: "packet", link, packet });
    }
    this.#parked = [];
    this.#parkedBytes = 0;
  }

  get #isCrowded(): boolean {
    return this.#parked.length > parkedMax || this.#parkedBytes > parkedBytesMax;
  }

  /** Whether a learner was asked to hold, and may take longer to say that it does. */
  #isAwaited({ hold }: Learner): boolean {
    return hold === "asked" && this.#context.nowMs - this.#startedAtMs <= answerMsMax;
  }

  /**
   * Whoever takes part in the hand-over votes as it is told; all others vote for the highest id
   * among equals, so that the highest id is the best bet.
   */
  #best(level: readonly Learner[]): Learner | undefined {
    return level.reduce<Learner | undefined>(
      (best, learner) => (best === undefined || learner.sid > best.sid ? learner : best),
      undefined,
    );
  }
}
