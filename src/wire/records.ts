/**
 * The records that stand inside many messages: identities, ACLs, the two forms of Stat, headers
 * (ZooKeeper 3.9 `zookeeper.jute`, module `org.apache.zookeeper.data` and `.proto`). Decoders
 * throw `WireError`; encoders append to a writer.
 */
import type { JuteReader } from "./jute-reader.ts";
import type { JuteWriter } from "./jute-writer.ts";

/** Who a client is: an authentication scheme and an identity within it. */
export interface Id {
  readonly scheme: string;
  readonly id: string;
}

/** What an identity may do: `perms` is a set of `Perms` bits. */
export interface Acl {
  readonly perms: number;
  readonly id: Id;
}

/** Everybody may do everything. */
export const openAcl: readonly Acl[] = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];

/** What clients see of a node besides its data (68 bytes on the wire). Times are ms since 1970. */
export interface Stat {
  readonly czxid: bigint;
  readonly mzxid: bigint;
  readonly ctimeMs: number;
  readonly mtimeMs: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly ephemeralOwner: bigint;
  readonly dataLength: number;
  readonly numChildren: number;
  readonly pzxid: bigint;
}

/** What snapshots keep of a node (60 bytes); `cversion` here counts creations only. */
export interface StatPersisted {
  czxid: bigint;
  mzxid: bigint;
  ctimeMs: number;
  mtimeMs: number;
  version: number;
  cversion: number;
  aversion: number;
  ephemeralOwner: bigint;
  pzxid: bigint;
}

/** First fields of every reply: request's xid, the server's last zxid, result code. */
export interface ReplyHeader {
  readonly xid: number;
  readonly zxid: bigint;
  readonly err: number;
}

export function readId(reader: JuteReader): Id {
  const scheme = reader.readString() ?? "";
  return { scheme, id: reader.readString() ?? "" };
}

export function writeId(writer: JuteWriter, id: Id): void {
  writer.writeString(id.scheme);
  writer.writeString(id.id);
}

function readAclEntry(reader: JuteReader): Acl {
  const perms = reader.readInt();
  return { perms, id: readId(reader) };
}

/** An ACL list; null when the vector is null. */
export function readAcl(reader: JuteReader): Acl[] | null {
  return reader.readVector(readAclEntry, 12);
}

export function writeAcl(writer: JuteWriter, acl: readonly Acl[] | null): void {
  writer.writeVector(acl, (entry) => {
    writer.writeInt(entry.perms);
    writeId(writer, entry.id);
  });
}

export function readStat(reader: JuteReader): Stat {
  return {
    czxid: reader.readLong(),
    mzxid: reader.readLong(),
    ctimeMs: reader.readLongNumber(),
    mtimeMs: reader.readLongNumber(),
    version: reader.readInt(),
    cversion: reader.readInt(),
    aversion: reader.readInt(),
    ephemeralOwner: reader.readLong(),
    dataLength: reader.readInt(),
    numChildren: reader.readInt(),
    pzxid: reader.readLong(),
  };
}

export function writeStat(writer: JuteWriter, stat: Stat): void {
  writer.writeLong(stat.czxid);
  writer.writeLong(stat.mzxid);
  writer.writeLongNumber(stat.ctimeMs);
  writer.writeLongNumber(stat.mtimeMs);
  writer.writeInt(stat.version);
  writer.writeInt(stat.cversion);
  writer.writeInt(stat.aversion);
  writer.writeLong(stat.ephemeralOwner);
  writer.writeInt(stat.dataLength);
  writer.writeInt(stat.numChildren);
  writer.writeLong(stat.pzxid);
}

/**
 * Equal zxids become one bigint, as does no owner: in a tree of a million nodes, most of which were
 * never changed, that is tens of megabytes that need not be kept.
 */
export function readStatPersisted(reader: JuteReader): StatPersisted {
  const czxid = reader.readLong();
  const mzxid = reader.readLong();
  return {
    czxid,
    mzxid: mzxid === czxid ? czxid : mzxid,
    ctimeMs: reader.readLongNumber(),
    mtimeMs: reader.readLongNumber(),
    version: reader.readInt(),
    cversion: reader.readInt(),
    aversion: reader.readInt(),
    ephemeralOwner: reader.readLong() || noOwner,
    pzxid: sharedLong(reader, czxid, mzxid),
  };
}

const noOwner = 0n;

function sharedLong(reader: JuteReader, first: bigint, second: bigint): bigint {
  const value = reader.readLong();
  if (value === first) return first;
  return value === second ? second : value;
}

export function writeStatPersisted(writer: JuteWriter, stat: Readonly<StatPersisted>): void {
  writer.writeLong(stat.czxid);
  writer.writeLong(stat.mzxid);
  writer.writeLongNumber(stat.ctimeMs);
  writer.writeLongNumber(stat.mtimeMs);
  writer.writeInt(stat.version);
  writer.writeInt(stat.cversion);
  writer.writeInt(stat.aversion);
  writer.writeLong(stat.ephemeralOwner);
  writer.writeLong(stat.pzxid);
}

export function readReplyHeader(reader: JuteReader): ReplyHeader {
  return { xid: reader.readInt(), zxid: reader.readLong(), err: reader.readInt() };
}

export function writeReplyHeader(writer: JuteWriter, header: ReplyHeader): void {
  writer.writeInt(header.xid);
  writer.writeLong(header.zxid);
  writer.writeInt(header.err);
}
