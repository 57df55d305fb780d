/**
 * What a learner is sent to bring it to the history here: the part of that which is committed (as
 * `sync-plan.ts` chooses), the proposals in flight if it is to log them, and NEWLEADER. In one step
 * with it the learner joins those who get what comes after that, so that it misses nothing. Before,
 * it may have to wait: for word of what the log has for it, and for its turn.
 */
import { PacketType, formatHex, makeZxid } from "../wire/index.ts";
import type { HistoryEntry } from "./history.ts";
import type { LearnerParts } from "./leader-parts.ts";
import { noteReached } from "./learner-table.ts";
import type { Learner } from "./learner-table.ts";
import type { Membership } from "./membership.ts";
import type { PeerContext } from "./peer-context.ts";
import { isWorthLookup, planLogSync, planSync } from "./sync-plan.ts";
import type { SyncPlan } from "./sync-plan.ts";

const packetKind = { diff: PacketType.diff, trunc: PacketType.trunc, snap: PacketType.snap };

/** What a learner is told besides the history. */
export interface InitialState {
  readonly epoch: number;
  /** What it puts in force with UPTODATE. */
  readonly config: Membership;
  /** The proposals in flight, for a learner that is to log them. */
  readonly proposals: (learner: Learner) => readonly HistoryEntry[];
}

/** To be called again, as long as the learner has not begun to synchronise. */
export function synchroniseLearner(
  learner: Learner,
  { context, learners, pacing }: LearnerParts,
  { epoch, config, proposals }: InitialState,
): void {
  const { outbox } = context;
  const plan = planFor(learner, context);
  if (plan === undefined) return;
  const method = plan.kind === "snap" ? "snap" : "diff";
  if (pacing.mustWait(learner, method)) return;
  learner.method = method;
  sendHistory(learner, plan, context);
  learner.lastZxid = context.history.last;
  for (const { zxid, payload } of proposals(learner)) {
    outbox.send(learner.link, PacketType.proposal, zxid, payload);
  }
  learners.startForwarding(learner);
  const text = Buffer.from(config.text, "utf8");
  outbox.send(learner.link, PacketType.newLeader, makeZxid(epoch, 0), text);
}

/**
 * Takes in an ACK of the start of an epoch: returns whether it is that of NEWLEADER, by which the
 * learner has all that it was sent. One of UPTODATE follows, which says nothing more.
 */
export function endSynchronisation(learner: Learner, { pacing }: LearnerParts): boolean {
  if (learner.stage !== "syncing") return false;
  learner.stage = "acked-new-leader";
  pacing.hasCaughtUp(learner.sid);
  noteReached(learner, learner.lastZxid);
  return true;
}

/** Undefined while it is not known what the log has. */
function planFor(learner: Learner, { history, outbox }: PeerContext): SyncPlan | undefined {
  const { lastZxid, logPlace, link } = learner;
  if (logPlace === "asked") return undefined;
  if (!isWorthLookup(history, lastZxid) || logPlace === null) return planSync(history, lastZxid);
  if (logPlace !== "none") return planLogSync(history, lastZxid, logPlace);
  learner.logPlace = "asked";
  outbox.pending.lookups.push({ link, zxid: lastZxid });
  return undefined;
}

function sendHistory(learner: Learner, plan: SyncPlan, { outbox, logger }: PeerContext): void {
  const { kind, zxid, logUpTo } = plan;
  logger.info("Synchronising learner", {
    learner: learner.sid,
    method: kind,
    learnerZxid: formatHex(learner.lastZxid),
    zxid: formatHex(zxid),
    transactions: plan.entries.length,
    ...(logUpTo === undefined ? {} : { fromLogUpTo: formatHex(logUpTo) }),
  });
  outbox.pending.sends.push({
    links: [learner.link],
    packet: { type: packetKind[kind], zxid, data: null, authInfo: null },
    ...(logUpTo === undefined ? {} : { logUpTo }),
  });
  for (const entry of plan.entries) {
    outbox.send(learner.link, PacketType.proposal, entry.zxid, entry.payload);
    outbox.send(learner.link, PacketType.commit, entry.zxid);
  }
}
