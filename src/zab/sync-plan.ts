/**
 * How a leader brings a learner to its own history: nothing or the missing transactions (DIFF),
 * cutting off what the ensemble never committed (TRUNC), or the whole state (SNAP). The choice of
 * ZooKeeper 3.9's `LearnerHandler.syncFollower`, from what the leader has in memory and, for a
 * learner that is behind that, from its log.
 */
import { zxidCounter, zxidEpoch } from "../wire/index.ts";
import type { History, HistoryEntry } from "./history.ts";
import type { LogPlace } from "./ready.ts";

/** What to send; `zxid` is that of the DIFF, TRUNC or SNAP packet. */
export interface SyncPlan {
  readonly kind: "diff" | "trunc" | "snap";
  readonly zxid: bigint;
  /** Set when transactions of the log come first, up to this one. */
  readonly logUpTo?: bigint;
  /** Transactions to send after it, each followed by its COMMIT. */
  readonly entries: readonly HistoryEntry[];
}

/**
 * From what is in memory.
 * @param learnerZxid the newest zxid in the learner's log.
 */
export function planSync(history: History, learnerZxid: bigint): SyncPlan {
  const last = history.last;
  if (learnerZxid === last) return { kind: "diff", zxid: last, entries: [] };
  if (learnerZxid > last) {
    // A zxid with counter 0 stands for the state at the start of an epoch, not for a transaction.
    return zxidCounter(learnerZxid) === 0
      ? snapshot(last)
      : { kind: "trunc", zxid: last, entries: [] };
  }
  const isHere = history.reachesBackTo(learnerZxid);
  if (!isHere && learnerZxid < history.oldest) return snapshot(last);
  const position = isHere ? learnerZxid : history.before(learnerZxid);
  if (position === undefined) return snapshot(last);
  const entries = history.after(position);
  const kind = choose(learnerZxid, { position, next: entries[0]?.zxid });
  if (kind === "snap") return snapshot(last);
  return { kind, zxid: kind === "diff" ? last : position, entries };
}

/** Whether the log may have what a learner lacks that is behind all that is in memory. */
export function isWorthLookup(history: History, learnerZxid: bigint): boolean {
  return learnerZxid >= 0n && learnerZxid < history.oldest && !history.reachesBackTo(learnerZxid);
}

/** From the log, as far as memory does not reach back, and from memory. */
export function planLogSync(history: History, learnerZxid: bigint, place: LogPlace): SyncPlan {
  const { last, oldest } = history;
  const kind = choose(learnerZxid, place);
  if (kind === "snap" || place.position >= oldest) return snapshot(last);
  const zxid = kind === "diff" ? last : place.position;
  return { kind, zxid, logUpTo: oldest, entries: history.after(oldest) };
}

/**
 * What a learner needs whose newest zxid is `learnerZxid`, where `place` is the newest transaction
 * of the leader's history up to it.
 */
function choose(learnerZxid: bigint, { position, next }: LogPlace): SyncPlan["kind"] {
  if (position === learnerZxid) return "diff";
  // Only if that epoch went on is it certain that it began with what precedes it here.
  if (zxidCounter(learnerZxid) === 0) return next === learnerZxid + 1n ? "diff" : "snap";
  // The learner has something that the leader has not. Only within one epoch is it certain that
  // the learner also has all that precedes it.
  return zxidEpoch(position) === zxidEpoch(learnerZxid) ? "trunc" : "snap";
}

function snapshot(zxid: bigint): SyncPlan {
  return { kind: "snap", zxid, entries: [] };
}
