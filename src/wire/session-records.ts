/**
 * The records that open and maintain a client session: ConnectRequest and ConnectResponse (sent
 * without headers), authentication, and the re-registration of watches after a reconnect
 * (ZooKeeper 3.9 `zookeeper.jute`, module `org.apache.zookeeper.proto`).
 */
import { WireError } from "./wire-error.ts";
import type { JuteReader } from "./jute-reader.ts";
import type { JuteWriter } from "./jute-writer.ts";

/** First frame of a client connection. */
export interface ConnectRequest {
  readonly protocolVersion: number;
  /** The last zxid the client has seen; a server that is behind it refuses the connection. */
  readonly lastZxidSeen: bigint;
  /** Session timeout asked for, in milliseconds. */
  readonly timeoutMs: number;
  /** 0 asks for a new session. */
  readonly sessionId: bigint;
  /** 16 bytes that prove ownership of `sessionId`; null or zeros for a new session. */
  readonly password: Buffer | null;
  /** Whether a read-only server will do; undefined when an old client leaves the field out. */
  readonly readOnly: boolean | undefined;
}

/** Reply to a ConnectRequest; `sessionId` 0 and `timeoutMs` 0 say that the session is gone. */
export interface ConnectResponse {
  readonly protocolVersion: number;
  readonly timeoutMs: number;
  readonly sessionId: bigint;
  readonly password: Buffer;
  /** Left out of the frame when undefined, as clients that did not send it require. */
  readonly readOnly: boolean | undefined;
}

/** Body of an `auth` request. */
export interface AuthPacket {
  readonly scheme: string;
  readonly auth: Buffer;
}

/** Watches that a client wants back after a reconnect. */
export interface SetWatches {
  /** The last zxid the client saw on its old connection. */
  readonly relativeZxid: bigint;
  readonly dataWatches: readonly string[];
  readonly existWatches: readonly string[];
  readonly childWatches: readonly string[];
  readonly persistentWatches: readonly string[];
  readonly persistentRecursiveWatches: readonly string[];
}

export function readConnectRequest(reader: JuteReader): ConnectRequest {
  return {
    protocolVersion: reader.readInt(),
    lastZxidSeen: reader.readLong(),
    timeoutMs: reader.readInt(),
    sessionId: reader.readLong(),
    password: reader.readBuffer(),
    readOnly: reader.remaining > 0 ? reader.readBool() : undefined,
  };
}

export function writeConnectRequest(writer: JuteWriter, request: ConnectRequest): void {
  writer.writeInt(request.protocolVersion);
  writer.writeLong(request.lastZxidSeen);
  writer.writeInt(request.timeoutMs);
  writer.writeLong(request.sessionId);
  writer.writeBuffer(request.password);
  if (request.readOnly !== undefined) writer.writeBool(request.readOnly);
}

export function readConnectResponse(reader: JuteReader): ConnectResponse {
  return {
    protocolVersion: reader.readInt(),
    timeoutMs: reader.readInt(),
    sessionId: reader.readLong(),
    password: reader.readBuffer() ?? Buffer.alloc(0),
    readOnly: reader.remaining > 0 ? reader.readBool() : undefined,
  };
}

export function writeConnectResponse(writer: JuteWriter, response: ConnectResponse): void {
  writer.writeInt(response.protocolVersion);
  writer.writeInt(response.timeoutMs);
  writer.writeLong(response.sessionId);
  writer.writeBuffer(response.password);
  if (response.readOnly !== undefined) writer.writeBool(response.readOnly);
}

export function readAuthPacket(reader: JuteReader): AuthPacket {
  reader.readInt();
  const scheme = reader.readString() ?? "";
  return { scheme, auth: reader.readBuffer() ?? Buffer.alloc(0) };
}

export function writeAuthPacket(writer: JuteWriter, packet: AuthPacket): void {
  writer.writeInt(0);
  writer.writeString(packet.scheme);
  writer.writeBuffer(packet.auth);
}

/**
 * The one field of a `sasl` request.
 *
 * @throws WireError when there is none, or null.
 */
export function readSaslToken(reader: JuteReader): Buffer {
  const token = reader.readBuffer();
  if (token === null) throw new WireError("bad-value", "Cannot read sasl request: null token");
  return token;
}

function readPath(reader: JuteReader): string {
  return reader.readRequiredString("watch path");
}

function readPaths(reader: JuteReader): string[] {
  return reader.readVector(readPath, 4) ?? [];
}

/** @param hasPersistent true for setWatches2, which carries two more lists. */
export function readSetWatches(reader: JuteReader, hasPersistent: boolean): SetWatches {
  return {
    relativeZxid: reader.readLong(),
    dataWatches: readPaths(reader),
    existWatches: readPaths(reader),
    childWatches: readPaths(reader),
    persistentWatches: hasPersistent ? readPaths(reader) : [],
    persistentRecursiveWatches: hasPersistent ? readPaths(reader) : [],
  };
}

/** @param hasPersistent true for setWatches2. */
export function writeSetWatches(
  writer: JuteWriter,
  watches: SetWatches,
  hasPersistent: boolean,
): void {
  const writePath = (path: string): void => {
    writer.writeString(path);
  };
  writer.writeLong(watches.relativeZxid);
  writer.writeVector(watches.dataWatches, writePath);
  writer.writeVector(watches.existWatches, writePath);
  writer.writeVector(watches.childWatches, writePath);
  if (!hasPersistent) return;
  writer.writeVector(watches.persistentWatches, writePath);
  writer.writeVector(watches.persistentRecursiveWatches, writePath);
}
