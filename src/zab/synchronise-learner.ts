/**
 * What a leader sends to bring one learner to its own history: the part of that which is committed
 * (as `sync-plan.ts` chooses), the proposals in flight, and NEWLEADER. In one step with it the
 * learner joins those who get proposals, so that it misses none.
 */
import { PacketType, formatHex, makeZxid } from "../wire/index.ts";
import type { Learner, LearnerTable } from "./learner-table.ts";
import type { PeerContext } from "./peer-context.ts";
import type { Proposals } from "./proposals.ts";
import { planSync } from "./sync-plan.ts";

const packetKind = { diff: PacketType.diff, trunc: PacketType.trunc, snap: PacketType.snap };

/** Those that a leader's learners are synchronised from. */
export interface SyncSource {
  readonly context: PeerContext;
  readonly learners: LearnerTable;
  readonly proposals: Proposals;
  readonly epoch: number;
}

export function synchroniseLearner(learner: Learner, source: SyncSource): void {
  const { context, learners, proposals, epoch } = source;
  const { outbox, membership } = context;
  sendHistory(learner, context);
  if (learner.isVoter) {
    proposals.withdraw(learner.sid);
    for (const { zxid, payload } of proposals.entries()) {
      outbox.send(learner.link, PacketType.proposal, zxid, payload);
    }
  }
  learners.startForwarding(learner);
  const config = Buffer.from(membership.text, "utf8");
  outbox.send(learner.link, PacketType.newLeader, makeZxid(epoch, 0), config);
}

function sendHistory(learner: Learner, { history, outbox, logger }: PeerContext): void {
  const plan = planSync(history, learner.lastZxid);
  logger.info("Synchronising learner", {
    learner: learner.sid,
    method: plan.kind,
    learnerZxid: formatHex(learner.lastZxid),
    zxid: formatHex(plan.zxid),
    transactions: plan.entries.length,
  });
  outbox.send(learner.link, packetKind[plan.kind], plan.zxid);
  for (const entry of plan.entries) {
    outbox.send(learner.link, PacketType.proposal, entry.zxid, entry.payload);
    outbox.send(learner.link, PacketType.commit, entry.zxid);
  }
}
