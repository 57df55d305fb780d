/**
 * How a leader brings a learner to its own history: nothing or the missing transactions (DIFF),
 * cutting off what the ensemble never committed (TRUNC), or the whole state (SNAP). The choice of
 * ZooKeeper 3.9's `LearnerHandler.syncFollower`, from what the leader has in memory.
 */
import { zxidCounter, zxidEpoch } from "../wire/index.ts";
import type { History, HistoryEntry } from "./history.ts";

/** What to send; `zxid` is that of the DIFF, TRUNC or SNAP packet. */
export interface SyncPlan {
  readonly kind: "diff" | "trunc" | "snap";
  readonly zxid: bigint;
  /** Transactions to send after it, each followed by its COMMIT. */
  readonly entries: readonly HistoryEntry[];
}

/** @param learnerZxid the newest zxid in the learner's log. */
export function planSync(history: History, learnerZxid: bigint): SyncPlan {
  const last = history.last;
  if (learnerZxid === last) return { kind: "diff", zxid: last, entries: [] };
  // A zxid with counter 0 stands for the state at the start of an epoch, not for a transaction.
  const isEpochStart = zxidCounter(learnerZxid) === 0;
  if (learnerZxid > last) {
    return isEpochStart ? snapshot(last) : { kind: "trunc", zxid: last, entries: [] };
  }
  if (history.reachesBackTo(learnerZxid)) {
    return { kind: "diff", zxid: last, entries: history.after(learnerZxid) };
  }
  if (learnerZxid < history.oldest) return snapshot(last);
  const before = history.before(learnerZxid);
  if (before === undefined) return snapshot(last);
  const entries = history.after(learnerZxid);
  if (isEpochStart) {
    // Only if that epoch went on is it certain that it began with what precedes it here.
    const wentOn = entries[0]?.zxid === learnerZxid + 1n;
    return wentOn ? { kind: "diff", zxid: last, entries } : snapshot(last);
  }
  // The learner has something that the leader has not. Only within one epoch is it certain that
  // the learner also has all that precedes it.
  if (zxidEpoch(before) !== zxidEpoch(learnerZxid)) return snapshot(last);
  return { kind: "trunc", zxid: before, entries: history.after(before) };
}

function snapshot(zxid: bigint): SyncPlan {
  return { kind: "snap", zxid, entries: [] };
}
