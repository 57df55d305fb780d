/**
 * Messages of the election port (ZooKeeper 3.9 `FastLeaderElection`, `QuorumCnxManager`): the
 * notification that carries a vote, and the greeting with which a connection opens. Notifications
 * travel in int32-length-prefixed frames.
 */
import { JuteReader } from "./jute-reader.ts";
import { JuteWriter } from "./jute-writer.ts";
import { WireError } from "./wire-error.ts";

/** State of the sender of a notification. */
export const PeerState = { looking: 0, following: 1, leading: 2, observing: 3 } as const;
export type PeerState = (typeof PeerState)[keyof typeof PeerState];

/** One vote on its way to one peer. */
export interface Notification {
  readonly state: PeerState;
  /** Whom the sender votes for. */
  readonly leader: bigint;
  /** Last logged zxid of `leader`. */
  readonly zxid: bigint;
  /** The sender's round of election. */
  readonly electionEpoch: bigint;
  /** currentEpoch of `leader`. */
  readonly peerEpoch: bigint;
  /** Text of the sender's quorum configuration, or null in messages of old servers. */
  readonly config: string | null;
}

/** Largest notification accepted, in bytes. */
export const notificationBytesMax = 512 * 1024;

/** What a vote of a server without a vote consists of. */
export const noVote = -0x8000000000000000n;

/** Encodes a notification without its length prefix. */
export function encodeNotification(notification: Notification): Buffer {
  const writer = new JuteWriter(64);
  writer.writeInt(notification.state);
  writer.writeLong(notification.leader);
  writer.writeLong(notification.zxid);
  writer.writeLong(notification.electionEpoch);
  writer.writeLong(notification.peerEpoch);
  writer.writeInt(2);
  writer.writeString(notification.config ?? "");
  return writer.takeCopy();
}

/** Reads a notification of any version since 3.3 (28, 40 or 44 and more bytes). */
export function decodeNotification(frame: Buffer): Notification {
  const reader = new JuteReader(frame);
  const state = reader.readInt();
  if (state < 0 || state > 3) {
    throw new WireError("bad-value", `Cannot decode notification: unknown state ${state}`);
  }
  const leader = reader.readLong();
  const zxid = reader.readLong();
  const electionEpoch = reader.readLong();
  const peerEpoch = reader.remaining >= 8 ? reader.readLong() : zxid >> 32n;
  const version = reader.remaining >= 4 ? reader.readInt() : 0;
  const config = version >= 2 && reader.remaining >= 4 ? reader.readString() : null;
  return { state: state as PeerState, leader, zxid, electionEpoch, peerEpoch, config };
}

/** Who is calling on the election port. */
export interface ElectionGreeting {
  readonly sid: bigint;
  /** `host:port` of the caller's election port, in the form of version -65536. */
  readonly address: string;
}

const greetingVersion = -65536n;
const greetingMultiVersion = -65535n;
const greetingAddressBytesMax = 2048;

export function encodeElectionGreeting(greeting: ElectionGreeting): Buffer {
  const writer = new JuteWriter(64);
  writer.writeLong(greetingVersion);
  writer.writeLong(greeting.sid);
  writer.writeString(greeting.address);
  return writer.takeCopy();
}

/**
 * Reads a greeting from the start of `buffer`: the greeting and its size, or null when more bytes
 * are needed. A bare non-negative long is the form of servers before 3.5.
 */
export function decodeElectionGreeting(
  buffer: Buffer,
): { greeting: ElectionGreeting; bytes: number } | null {
  if (buffer.length < 8) return null;
  const first = buffer.readBigInt64BE(0);
  if (first >= 0n) return { greeting: { sid: first, address: "" }, bytes: 8 };
  if (first !== greetingVersion && first !== greetingMultiVersion) {
    throw new WireError("bad-value", `Cannot decode greeting: unknown version ${first}`);
  }
  if (buffer.length < 20) return null;
  const length = buffer.readInt32BE(16);
  if (length < 1 || length > greetingAddressBytesMax) {
    throw new WireError("bad-length", `Cannot decode greeting: address length ${length}`);
  }
  if (buffer.length < 20 + length) return null;
  const address = buffer.toString("utf8", 20, 20 + length);
  return { greeting: { sid: buffer.readBigInt64BE(8), address }, bytes: 20 + length };
}
