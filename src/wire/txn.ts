/**
 * Transactions: what the leader proposes, logs keep and every server applies (ZooKeeper 3.9
 * `zookeeper.jute`, module `org.apache.zookeeper.txn`; `SerializeUtils`). A payload is
 * TxnHeader + record + optional TxnDigest; payloads are what PROPOSAL packets and log records
 * carry. A transaction says what to do, never what to check: it was checked before it was made.
 */
import { JuteReader } from "./jute-reader.ts";
import type { JuteWriter } from "./jute-writer.ts";
import { OpCode } from "./protocol.ts";
import { readAcl, writeAcl } from "./records.ts";
import type { Acl } from "./records.ts";
import { WireError } from "./wire-error.ts";

/** Where a transaction stands in history and who asked for it (32 bytes). */
export interface TxnHeader {
  /** Session that asked. */
  readonly clientId: bigint;
  /** The request's xid in that session. */
  readonly cxid: number;
  readonly zxid: bigint;
  /** Leader's wall clock, ms since 1970. */
  readonly timeMs: number;
  readonly type: number;
}

export interface CreateTxn {
  readonly type: typeof OpCode.create | typeof OpCode.create2;
  readonly path: string;
  readonly data: Buffer | null;
  readonly acl: readonly Acl[] | null;
  readonly ephemeral: boolean;
  /** The parent's stored cversion after this creation; -1 from very old logs: add one. */
  readonly parentCVersion: number;
}

export interface CreateContainerTxn {
  readonly type: typeof OpCode.createContainer;
  readonly path: string;
  readonly data: Buffer | null;
  readonly acl: readonly Acl[] | null;
  readonly parentCVersion: number;
}

export interface CreateTtlTxn {
  readonly type: typeof OpCode.createTTL;
  readonly path: string;
  readonly data: Buffer | null;
  readonly acl: readonly Acl[] | null;
  readonly parentCVersion: number;
  readonly ttlMs: number;
}

export interface DeleteTxn {
  readonly type: typeof OpCode.delete | typeof OpCode.deleteContainer;
  readonly path: string;
}

/** setData and reconfig: `version` is the node's version after the transaction. */
export interface SetDataTxn {
  readonly type: typeof OpCode.setData | typeof OpCode.reconfig;
  readonly path: string;
  readonly data: Buffer | null;
  readonly version: number;
}

/** `version` is the node's aversion after the transaction. */
export interface SetAclTxn {
  readonly type: typeof OpCode.setACL;
  readonly path: string;
  readonly acl: readonly Acl[] | null;
  readonly version: number;
}

export interface CheckVersionTxn {
  readonly type: typeof OpCode.check;
  readonly path: string;
  readonly version: number;
}

export interface CreateSessionTxn {
  readonly type: typeof OpCode.createSession;
  readonly timeoutMs: number;
}

/** `paths` are the session's ephemeral nodes; null in logs of 3.5, which leave them to the tree. */
export interface CloseSessionTxn {
  readonly type: typeof OpCode.closeSession;
  readonly paths: readonly string[] | null;
}

/** A request that failed its checks: all servers share the outcome. */
export interface ErrorTxn {
  readonly type: typeof OpCode.error;
  readonly err: number;
}

/** A transaction other than a multi. */
export type SingleTxn =
  | CreateTxn
  | CreateContainerTxn
  | CreateTtlTxn
  | DeleteTxn
  | SetDataTxn
  | SetAclTxn
  | CheckVersionTxn
  | CreateSessionTxn
  | CloseSessionTxn
  | ErrorTxn;

/** All or nothing; a failed one consists of `ErrorTxn`s only. */
export interface MultiTxn {
  readonly type: typeof OpCode.multi;
  readonly txns: readonly SingleTxn[];
}

export type Txn = SingleTxn | MultiTxn;

/** Digest of the whole tree after a transaction: see `tree/`'s digest. */
export interface TxnDigest {
  readonly version: number;
  /** Unsigned 64 bits. */
  readonly treeDigest: bigint;
}

/** A payload taken apart. */
export interface DecodedTxn {
  readonly header: TxnHeader;
  readonly txn: Txn;
  readonly digest: TxnDigest | null;
}

export function readTxnHeader(reader: JuteReader): TxnHeader {
  return {
    clientId: reader.readLong(),
    cxid: reader.readInt(),
    zxid: reader.readLong(),
    timeMs: reader.readLongNumber(),
    type: reader.readInt(),
  };
}

export function writeTxnHeader(writer: JuteWriter, header: TxnHeader): void {
  writer.writeLong(header.clientId);
  writer.writeInt(header.cxid);
  writer.writeLong(header.zxid);
  writer.writeLongNumber(header.timeMs);
  writer.writeInt(header.type);
}

function readSingleTxn(reader: JuteReader, type: number): SingleTxn {
  const path = (): string => reader.readRequiredString("transaction path");
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
      return {
        type,
        path: path(),
        data: reader.readBuffer(),
        acl: readAcl(reader),
        ephemeral: reader.readBool(),
        // CreateTxnV0, written before 3.4, ends here.
        parentCVersion: reader.remaining >= 4 ? reader.readInt() : -1,
      };
    case OpCode.createContainer:
      return {
        type,
        path: path(),
        data: reader.readBuffer(),
        acl: readAcl(reader),
        parentCVersion: reader.readInt(),
      };
    case OpCode.createTTL:
      return {
        type,
        path: path(),
        data: reader.readBuffer(),
        acl: readAcl(reader),
        parentCVersion: reader.readInt(),
        ttlMs: reader.readLongNumber(),
      };
    case OpCode.delete:
    case OpCode.deleteContainer:
      return { type, path: path() };
    case OpCode.setData:
    case OpCode.reconfig:
      return { type, path: path(), data: reader.readBuffer(), version: reader.readInt() };
    case OpCode.setACL:
      return { type, path: path(), acl: readAcl(reader), version: reader.readInt() };
    case OpCode.check:
      return { type, path: path(), version: reader.readInt() };
    case OpCode.createSession:
      return { type, timeoutMs: reader.readInt() };
    case OpCode.closeSession:
      return {
        type,
        paths:
          reader.remaining >= 4
            ? reader.readVector((r) => r.readRequiredString("transaction path"), 4)
            : null,
      };
    case OpCode.error:
      return { type, err: reader.readInt() };
    default:
      throw new WireError("unknown-type", `Cannot decode transaction: unknown type ${type}`);
  }
}

function readTxn(reader: JuteReader, type: number): Txn {
  if (type !== OpCode.multi) return readSingleTxn(reader, type);
  const readPart = (r: JuteReader): SingleTxn => {
    const partType = r.readInt();
    const data = r.readBuffer() ?? Buffer.alloc(0);
    return readSingleTxn(new JuteReader(data), partType);
  };
  return { type, txns: reader.readVector(readPart, 8) ?? [] };
}

/** Takes a payload apart; buffers inside the result are views of `payload`. */
export function decodeTxn(payload: Buffer): DecodedTxn {
  const reader = new JuteReader(payload);
  const header = readTxnHeader(reader);
  const txn = readTxn(reader, header.type);
  const hasDigest = reader.remaining >= 12;
  const digest = hasDigest
    ? { version: reader.readInt(), treeDigest: BigInt.asUintN(64, reader.readLong()) }
    : null;
  return { header, txn, digest };
}

function writeSingleTxn(writer: JuteWriter, txn: SingleTxn): void {
  switch (txn.type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      writer.writeString(txn.path);
      writer.writeBuffer(txn.data);
      writeAcl(writer, txn.acl);
      if (txn.type === OpCode.create || txn.type === OpCode.create2) {
        writer.writeBool(txn.ephemeral);
      }
      writer.writeInt(txn.parentCVersion);
      if (txn.type === OpCode.createTTL) writer.writeLongNumber(txn.ttlMs);
      break;
    case OpCode.delete:
    case OpCode.deleteContainer:
      writer.writeString(txn.path);
      break;
    case OpCode.setData:
    case OpCode.reconfig:
      writer.writeString(txn.path);
      writer.writeBuffer(txn.data);
      writer.writeInt(txn.version);
      break;
    case OpCode.setACL:
      writer.writeString(txn.path);
      writeAcl(writer, txn.acl);
      writer.writeInt(txn.version);
      break;
    case OpCode.check:
      writer.writeString(txn.path);
      writer.writeInt(txn.version);
      break;
    case OpCode.createSession:
      writer.writeInt(txn.timeoutMs);
      break;
    case OpCode.closeSession:
      if (txn.paths === null) break;
      writer.writeVector(txn.paths, (path) => {
        writer.writeString(path);
      });
      break;
    case OpCode.error:
      writer.writeInt(txn.err);
      break;
  }
}

/** Appends TxnHeader + record + digest (when given) to `writer`. */
export function writeTxn(
  writer: JuteWriter,
  header: TxnHeader,
  txn: Txn,
  digest: TxnDigest | null,
): void {
  writeTxnHeader(writer, header);
  if (txn.type === OpCode.multi) {
    writer.writeVector(txn.txns, (part) => {
      writer.writeInt(part.type);
      const length = writer.reserveInt();
      writeSingleTxn(writer, part);
      writer.patchLength(length);
    });
  } else {
    writeSingleTxn(writer, txn);
  }
  if (digest === null) return;
  writer.writeInt(digest.version);
  writer.writeLong(BigInt.asIntN(64, digest.treeDigest));
}

/** The zxid of a payload, without decoding the rest. */
export function payloadZxid(payload: Buffer): bigint {
  if (payload.length < 32) {
    throw new WireError("truncated", `Cannot read zxid: payload has ${payload.length} bytes`);
  }
  return payload.readBigInt64BE(12);
}
