/**
 * What a learner in service does with the packets of a hand-over, which only leaders of ours send
 * (`hand-over.ts` is their side).
 */
import { JuteReader, PacketType, WireError, decodeHandOver } from "../wire/index.ts";
import type { QuorumPacket } from "../wire/index.ts";
import type { PeerContext, Successor } from "./peer-context.ts";

/** Whether a packet is one of a hand-over. */
export function isHandOverPacket({ type }: QuorumPacket): boolean {
  return type >= PacketType.hold && type <= PacketType.sessionMoved;
}

/**
 * Takes in a packet of a hand-over; returns who is to lead when it ends the leader's reign.
 *
 * @param newestZxid the newest transaction that the leader has sent.
 * @throws WireError when it makes no sense.
 */
export function receiveHandOver(
  { type, zxid, data }: QuorumPacket,
  { history, currentEpoch, outbox }: PeerContext,
  newestZxid: bigint,
): Successor | undefined {
  const { events } = outbox.pending;
  if (type === PacketType.handOver) {
    const { target, voters } = decodeHandOver(data);
    // A vote for the target is a vote for its history: it has to be the one here, and decided.
    if (zxid !== history.last || zxid !== newestZxid) {
      throw new WireError("bad-value", "Cannot take HANDOVER: its history is not the one here");
    }
    return { leader: target, zxid, peerEpoch: BigInt(currentEpoch), voters };
  }
  if (type === PacketType.hold) events.push({ kind: "hold" });
  else if (type === PacketType.release) events.push({ kind: "release" });
  else if (data !== null) {
    events.push({ kind: "session-moved", sessionId: new JuteReader(data).readLong() });
  }
  return undefined;
}
