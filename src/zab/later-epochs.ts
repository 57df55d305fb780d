/**
 * What a leader in service does about a server that has promised a later epoch to a leader that
 * never came to be. It cannot be let in before there is a higher epoch still. The leader ends for
 * it, so that there is one, if all that the server may bring into the election is behind what the
 * leader holds; docs/decisions/0010 says why nothing is lost by that.
 */
import { PacketType, encodeLeaderInfo, makeZxid, zxidEpoch } from "../wire/index.ts";
import type { LearnerHistory } from "../wire/index.ts";
import type { Learner } from "./learner-table.ts";
import { acceptEpoch } from "./peer-context.ts";
import type { PeerContext } from "./peer-context.ts";

/**
 * How far above its own a leader in service makes the next epoch. Each epoch in between was an
 * election that failed; and servers that were away must still believe the epoch that they find.
 */
const renewalJumpMax = 2 ** 16;

/** The leader in service. */
export interface Reign {
  readonly epoch: number;
  /** The newest transaction that it has proposed. */
  readonly newestZxid: bigint;
}

/**
 * A server that has accepted `acceptedEpoch`, a later one, asks a leader in service to be let in.
 * Returns true when the leader has to end: the epoch is accepted here then, too, so that whoever
 * leads next with this server's help comes after it.
 */
export function renewsFor(
  context: PeerContext,
  { epoch, newestZxid }: Reign,
  learner: Learner,
  acceptedEpoch: number,
): boolean {
  const { nowMs, timing, renewals, configs } = context;
  const { sid, isIncomplete, history } = learner;
  if (!configs.isMember(sid) || acceptedEpoch - epoch > renewalJumpMax) return false;
  // Of a disk that is not whole, no election takes any notice.
  if (!isIncomplete && !isCovered(history, epoch, newestZxid)) return false;
  if (!renewals.take(nowMs, timing.tickMs)) return false;
  acceptEpoch(context, acceptedEpoch);
  return true;
}

/**
 * Whether a history that ends there makes nobody win an election against those who follow the
 * leader of `epoch`. Of its epoch, all transactions are its own, so that one which it has not
 * proposed shows a history that it knows nothing of.
 */
function isCovered(
  history: LearnerHistory | undefined,
  epoch: number,
  newestZxid: bigint,
): boolean {
  if (history === undefined) return false;
  const { currentEpoch, lastZxid } = history;
  const isSound = lastZxid >= 0n && zxidEpoch(lastZxid) <= currentEpoch;
  return isSound && (currentEpoch < epoch || (currentEpoch === epoch && lastZxid <= newestZxid));
}

/** Lets a learner see what keeps it out, as ZooKeeper's leaders do. It ends the link itself. */
export function showEpoch({ outbox, volume }: PeerContext, { link }: Learner, epoch: number): void {
  const body = encodeLeaderInfo({ ensembleId: volume.ensembleId ?? undefined });
  outbox.send(link, PacketType.leaderInfo, makeZxid(epoch, 0), body);
}
