/**
 * How a leader deals with learners that take slowly. One that takes too little is dropped. Before
 * a snapshot or missing transactions are sent, some have to wait: observers while as many others
 * are being sent theirs as ZooKeeper sends at a time (voters never wait for others), and whoever
 * was dropped for taking too little, for ever longer. Who has to wait is not refused: it stays
 * connected for as long as it has patience.
 */
import type { Learner, LearnerTable } from "./learner-table.ts";
import type { PeerContext } from "./peer-context.ts";

interface Pause {
  readonly untilMs: number;
  readonly lengthMs: number;
}

export class LearnerPacing {
  readonly #context: PeerContext;
  readonly #learners: LearnerTable;
  /** By server; ends when it has caught up. */
  readonly #pauses = new Map<bigint, Pause>();

  constructor(context: PeerContext, learners: LearnerTable) {
    this.#context = context;
    this.#learners = learners;
  }

  mustWait(learner: Learner, method: Learner["method"]): boolean {
    const { nowMs, learnerLimits } = this.#context;
    if (nowMs < (this.#pauses.get(learner.sid)?.untilMs ?? 0)) return true;
    if (learner.isFollower) return false;
    const max = method === "snap" ? learnerLimits.snapshotsMax : learnerLimits.diffsMax;
    let count = 0;
    for (const other of this.#learners.all()) {
      if (other.stage === "syncing" && other.method === method) count += 1;
    }
    return count >= max;
  }

  /**
   * So much waits for a learner that takes less than it is sent: it is dropped if that is too much,
   * which is more where the quorum would go with it.
   */
  judge(learner: Learner, queuedBytes: number): void {
    const { queuedBytesMax } = this.#context.learnerLimits;
    const max = this.#learners.isNeeded(learner) ? 4 * queuedBytesMax : queuedBytesMax;
    if (queuedBytes <= max) return;
    this.#pause(learner.sid);
    this.#learners.drop(learner, `It takes too little: ${queuedBytes} bytes wait`, "overfull");
  }

  hasCaughtUp(sid: bigint): void {
    this.#pauses.delete(sid);
  }

  /** A server took too little: it pauses a tick, and longer each time. */
  #pause(sid: bigint): void {
    const { nowMs, timing } = this.#context;
    const before = this.#pauses.get(sid)?.lengthMs;
    const longest = (timing.initLimitTicks * timing.tickMs) / 2;
    const lengthMs = Math.min(before === undefined ? timing.tickMs : 2 * before, longest);
    this.#pauses.set(sid, { untilMs: nowMs + lengthMs, lengthMs });
  }
}
