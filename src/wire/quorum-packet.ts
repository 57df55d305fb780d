/**
 * QuorumPackets, the messages of the quorum (data) port (ZooKeeper 3.9 `zookeeper.jute`,
 * `org.apache.zookeeper.server.quorum`). The stream has no length prefix: a packet's end is known
 * only by reading it. A SNAP packet is followed by a raw snapshot body, which is not a packet;
 * the decoder stops there and leaves the rest to the snapshot's own decoder.
 */
import { JuteReader } from "./jute-reader.ts";
import { JuteWriter } from "./jute-writer.ts";
import { PacketType } from "./protocol.ts";
import { readId, writeId } from "./records.ts";
import type { Id } from "./records.ts";
import { readExtensions, writeExtensions } from "./server-extensions.ts";
import type { ServerExtensions } from "./server-extensions.ts";
import { WireError } from "./wire-error.ts";

/** One message between a leader and a learner; which fields matter depends on `type`. */
export interface QuorumPacket {
  readonly type: PacketType;
  readonly zxid: bigint;
  readonly data: Buffer | null;
  readonly authInfo: readonly Id[] | null;
}

/** Body of FOLLOWERINFO and OBSERVERINFO. */
export interface LearnerInfo extends ServerExtensions {
  readonly sid: bigint;
  readonly protocolVersion: number;
  readonly configVersion: bigint;
}

/** Body of a REQUEST packet: a client's request on its way to the leader. */
export interface ForwardedRequest {
  readonly sessionId: bigint;
  readonly cxid: number;
  readonly type: number;
  /** The request's own body, as the client sent it. */
  readonly body: Buffer;
}

/** The protocol version that a learner and a leader of ZAB 1.0 announce. */
export const zabProtocolVersion = 0x10000;

export function writeQuorumPacket(writer: JuteWriter, packet: QuorumPacket): void {
  writer.writeInt(packet.type);
  writer.writeLong(packet.zxid);
  writer.writeBuffer(packet.data);
  if (packet.authInfo === null) writer.writeInt(-1);
  else {
    writer.writeVector(packet.authInfo, (id) => {
      writeId(writer, id);
    });
  }
}

/** Offset just past the length-prefixed field at `at`, or -1 when it is not whole yet. */
function skipField(buffer: Buffer, at: number, fieldBytesMax: number): number {
  if (at + 4 > buffer.length) return -1;
  const length = buffer.readInt32BE(at);
  if (length < -1 || length > fieldBytesMax) {
    throw new WireError(
      "bad-length",
      `Cannot decode packet: field length ${length}, at most ${fieldBytesMax} is allowed`,
    );
  }
  const end = at + 4 + Math.max(length, 0);
  return end > buffer.length ? -1 : end;
}

/**
 * Size in bytes of the packet that starts at `offset`, or -1 when more bytes are needed.
 *
 * @param dataBytesMax largest `data` field accepted.
 * @throws WireError `bad-length` when a length cannot be right.
 */
export function quorumPacketSize(buffer: Buffer, offset: number, dataBytesMax: number): number {
  let at = skipField(buffer, offset + 12, dataBytesMax);
  if (at < 0 || at + 4 > buffer.length) return -1;
  const ids = buffer.readInt32BE(at);
  at += 4;
  if (ids < -1 || ids > authIdsMax) {
    throw new WireError("bad-length", `Cannot decode packet: ${ids} identities`);
  }
  for (let field = 0; field < ids * 2; field++) {
    at = skipField(buffer, at, dataBytesMax);
    if (at < 0) return -1;
  }
  return at - offset;
}

const authIdsMax = 10_000;

const packetTypes: ReadonlySet<number> = new Set(Object.values(PacketType));

/** Reads a whole packet; `data` is a view of the reader's buffer. */
export function readQuorumPacket(reader: JuteReader): QuorumPacket {
  const type = reader.readInt();
  if (!packetTypes.has(type)) {
    throw new WireError("unknown-type", `Cannot decode packet: unknown type ${type}`);
  }
  return {
    type: type as PacketType,
    zxid: reader.readLong(),
    data: reader.readBuffer(),
    authInfo: reader.readVector(readId, 8),
  };
}

export function writeLearnerInfo(writer: JuteWriter, info: LearnerInfo): void {
  writer.writeLong(info.sid);
  writer.writeInt(info.protocolVersion);
  writer.writeLong(info.configVersion);
  writeExtensions(writer, info);
}

/** Old learners send only the sid, or leave out the configuration version. */
export function readLearnerInfo(reader: JuteReader): LearnerInfo {
  return {
    sid: reader.readLong(),
    protocolVersion: reader.remaining >= 4 ? reader.readInt() : 0,
    configVersion: reader.remaining >= 8 ? reader.readLong() : 0n,
    ...readExtensions(reader),
  };
}

/** Body of LEADERINFO: the protocol version, and what a leader of ours has to say. */
export function encodeLeaderInfo(extensions: ServerExtensions): Buffer {
  const writer = new JuteWriter(16);
  writer.writeInt(zabProtocolVersion);
  writeExtensions(writer, extensions);
  return writer.takeCopy();
}

/** @throws WireError when it begins like what a leader of ours says, and is something else. */
export function decodeLeaderInfo(data: Buffer | null): ServerExtensions {
  if (data === null || data.length < 4) return {};
  const reader = new JuteReader(data);
  reader.readInt();
  return readExtensions(reader);
}

export function writeForwardedRequest(writer: JuteWriter, request: ForwardedRequest): void {
  writer.writeLong(request.sessionId);
  writer.writeInt(request.cxid);
  writer.writeInt(request.type);
  writer.writeRaw(request.body);
}

/** `body` is a view of the reader's buffer. */
export function readForwardedRequest(reader: JuteReader): ForwardedRequest {
  return {
    sessionId: reader.readLong(),
    cxid: reader.readInt(),
    type: reader.readInt(),
    body: reader.readRest(),
  };
}
