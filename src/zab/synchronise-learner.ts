/**
 * What a leader sends to bring one learner to its own history: the part of that which is committed
 * (as `sync-plan.ts` chooses), the proposals in flight, and NEWLEADER. In one step with it the
 * learner joins those who get proposals, so that it misses none. Before, it may have to wait: for
 * word of what the log has for it, and for its turn.
 */
import { PacketType, formatHex, makeZxid } from "../wire/index.ts";
import type { LeaderParts } from "./leader-parts.ts";
import type { Learner } from "./learner-table.ts";
import type { PeerContext } from "./peer-context.ts";
import { isWorthLookup, planLogSync, planSync } from "./sync-plan.ts";
import type { SyncPlan } from "./sync-plan.ts";

const packetKind = { diff: PacketType.diff, trunc: PacketType.trunc, snap: PacketType.snap };

/** To be called again, as long as the learner has not begun to synchronise. */
export function synchroniseLearner(
  learner: Learner,
  parts: LeaderParts,
  { epoch, isServing }: { readonly epoch: number; readonly isServing: boolean },
): void {
  const { context, learners, pacing, proposals } = parts;
  const { outbox, configs } = context;
  const plan = planFor(learner, context);
  if (plan === undefined) return;
  const method = plan.kind === "snap" ? "snap" : "diff";
  if (pacing.mustWait(learner, method)) return;
  learner.method = method;
  sendHistory(learner, plan, context);
  learner.lastZxid = context.history.last;
  if (learner.isFollower) {
    proposals.withdraw(learner.sid);
    for (const { zxid, payload } of proposals.entries()) {
      outbox.send(learner.link, PacketType.proposal, zxid, payload);
    }
  }
  learners.startForwarding(learner);
  // ZooKeeper's learners put it in force at once. The newest one is committed with the initial
  // history; but what a leader in service has proposed may never be.
  const { text } = isServing ? configs.active : configs.newest;
  const config = Buffer.from(text, "utf8");
  outbox.send(learner.link, PacketType.newLeader, makeZxid(epoch, 0), config);
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
