/**
 * The bodies of client requests, by operation (ZooKeeper 3.9 `zookeeper.jute`,
 * `org.apache.zookeeper.proto`). The same bytes travel from a learner to the leader inside REQUEST
 * packets. Null paths decode to "" (an invalid path, refused later with the code that clients
 * expect); null data stays null.
 */
import type { JuteReader } from "./jute-reader.ts";
import type { JuteWriter } from "./jute-writer.ts";
import { readAcl, writeAcl } from "./records.ts";
import type { Acl } from "./records.ts";

/** create, create2, createContainer and createTTL; `ttlMs` is undefined but for createTTL. */
export interface CreateRequest {
  readonly path: string;
  readonly data: Buffer | null;
  /** Null or empty lists are refused with `invalidAcl`. */
  readonly acl: readonly Acl[] | null;
  /** A `CreateMode`; unknown values are refused later. */
  readonly flags: number;
  readonly ttlMs: number | undefined;
}

/** exists, getData, getChildren, getChildren2. */
export interface ReadRequest {
  readonly path: string;
  readonly watch: boolean;
}

/** delete and check: `version` -1 matches any. */
export interface PathVersionRequest {
  readonly path: string;
  readonly version: number;
}

export interface SetDataRequest {
  readonly path: string;
  readonly data: Buffer | null;
  readonly version: number;
}

export interface SetAclRequest {
  readonly path: string;
  readonly acl: readonly Acl[] | null;
  readonly version: number;
}

/**
 * reconfig: either what joins and what leaves, as lists separated by commas, or all members of the
 * next configuration, a line each.
 */
export interface ReconfigRequest {
  readonly joining: string | null;
  readonly leaving: string | null;
  readonly newMembers: string | null;
  /** Version of the configuration to be replaced; -1 matches any. */
  readonly fromVersion: bigint;
}

export function readCreateRequest(reader: JuteReader, hasTtl: boolean): CreateRequest {
  return {
    path: reader.readString() ?? "",
    data: reader.readBuffer(),
    acl: readAcl(reader),
    flags: reader.readInt(),
    ttlMs: hasTtl ? reader.readLongNumber() : undefined,
  };
}

export function writeCreateRequest(writer: JuteWriter, request: CreateRequest): void {
  writer.writeString(request.path);
  writer.writeBuffer(request.data);
  writeAcl(writer, request.acl);
  writer.writeInt(request.flags);
  if (request.ttlMs !== undefined) writer.writeLongNumber(request.ttlMs);
}

export function readReadRequest(reader: JuteReader): ReadRequest {
  return { path: reader.readString() ?? "", watch: reader.readBool() };
}

export function writeReadRequest(writer: JuteWriter, request: ReadRequest): void {
  writer.writeString(request.path);
  writer.writeBool(request.watch);
}

export function readPathVersionRequest(reader: JuteReader): PathVersionRequest {
  return { path: reader.readString() ?? "", version: reader.readInt() };
}

export function writePathVersionRequest(writer: JuteWriter, request: PathVersionRequest): void {
  writer.writeString(request.path);
  writer.writeInt(request.version);
}

export function readSetDataRequest(reader: JuteReader): SetDataRequest {
  return {
    path: reader.readString() ?? "",
    data: reader.readBuffer(),
    version: reader.readInt(),
  };
}

export function writeSetDataRequest(writer: JuteWriter, request: SetDataRequest): void {
  writer.writeString(request.path);
  writer.writeBuffer(request.data);
  writer.writeInt(request.version);
}

export function readSetAclRequest(reader: JuteReader): SetAclRequest {
  return { path: reader.readString() ?? "", acl: readAcl(reader), version: reader.readInt() };
}

export function writeSetAclRequest(writer: JuteWriter, request: SetAclRequest): void {
  writer.writeString(request.path);
  writeAcl(writer, request.acl);
  writer.writeInt(request.version);
}

export function readReconfigRequest(reader: JuteReader): ReconfigRequest {
  return {
    joining: reader.readString(),
    leaving: reader.readString(),
    newMembers: reader.readString(),
    fromVersion: reader.readLong(),
  };
}

export function writeReconfigRequest(writer: JuteWriter, request: ReconfigRequest): void {
  writer.writeString(request.joining);
  writer.writeString(request.leaving);
  writer.writeString(request.newMembers);
  writer.writeLong(request.fromVersion);
}

/** sync, getACL and other requests whose body is a path alone. */
export function readPathRequest(reader: JuteReader): string {
  return reader.readString() ?? "";
}
