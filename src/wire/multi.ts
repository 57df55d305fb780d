/**
 * The bodies of `multi` requests and replies (ZooKeeper 3.9 `MultiOperationRecord`,
 * `MultiResponse`): a run of MultiHeader + record pairs closed by a header of type -1. A failed
 * multi is a successful reply whose every result is an error.
 */
import type { JuteReader } from "./jute-reader.ts";
import type { JuteWriter } from "./jute-writer.ts";
import { isKeeperWrite, readKeeperOp } from "./keeper-ops.ts";
import type { KeeperOp } from "./keeper-ops.ts";
import { OpCode } from "./protocol.ts";
import { readStat, writeStat } from "./records.ts";
import type { Stat } from "./records.ts";
import {
  readCreateRequest,
  readPathVersionRequest,
  readSetDataRequest,
  writeCreateRequest,
  writePathVersionRequest,
  writeSetDataRequest,
} from "./requests.ts";
import type { CreateRequest, PathVersionRequest, SetDataRequest } from "./requests.ts";
import { WireError } from "./wire-error.ts";

/** An operation that creates a node, inside or outside a multi. */
export type CreateOp =
  | typeof OpCode.create
  | typeof OpCode.create2
  | typeof OpCode.createContainer
  | typeof OpCode.createTTL;

/** One operation of a multi. */
export type MultiOp =
  | { readonly type: CreateOp; readonly request: CreateRequest }
  | { readonly type: typeof OpCode.delete; readonly request: PathVersionRequest }
  | { readonly type: typeof OpCode.check; readonly request: PathVersionRequest }
  | { readonly type: typeof OpCode.setData; readonly request: SetDataRequest };

/** One result of a multi, as the reply carries it. */
export type MultiResult =
  | { readonly type: typeof OpCode.create; readonly path: string }
  | { readonly type: typeof OpCode.create2; readonly path: string; readonly stat: Stat }
  | { readonly type: typeof OpCode.setData; readonly stat: Stat }
  | { readonly type: typeof OpCode.delete | typeof OpCode.check }
  | { readonly type: typeof OpCode.error; readonly err: number };

export function isCreateOp(type: number): type is CreateOp {
  return (
    type === OpCode.create ||
    type === OpCode.create2 ||
    type === OpCode.createContainer ||
    type === OpCode.createTTL
  );
}

function writeMultiHeader(writer: JuteWriter, type: number, done: boolean, err: number): void {
  writer.writeInt(type);
  writer.writeBool(done);
  writer.writeInt(err);
}

function readMultiOp(reader: JuteReader, type: number): MultiOp {
  if (isCreateOp(type)) {
    return { type, request: readCreateRequest(reader, type === OpCode.createTTL) };
  }
  if (type === OpCode.delete || type === OpCode.check) {
    return { type, request: readPathVersionRequest(reader) };
  }
  if (type === OpCode.setData) return { type, request: readSetDataRequest(reader) };
  throw new WireError(
    "unknown-type",
    `Cannot decode multi: operation ${type} is not allowed in it`,
  );
}

/**
 * @param withKeeperOps whether ClickHouse Keeper's operations are allowed. @default false
 * @throws WireError `unknown-type` for an operation that a multi may not hold.
 */
export function readMultiRequest(
  reader: JuteReader,
  withKeeperOps = false,
): (MultiOp | KeeperOp)[] {
  const ops: (MultiOp | KeeperOp)[] = [];
  for (;;) {
    const type = reader.readInt();
    const done = reader.readBool();
    reader.readInt();
    if (done) return ops;
    const isKeeperOp = withKeeperOps && isKeeperWrite(type);
    ops.push(isKeeperOp ? readKeeperOp(reader, type) : readMultiOp(reader, type));
  }
}

export function writeMultiRequest(writer: JuteWriter, ops: readonly MultiOp[]): void {
  for (const op of ops) {
    writeMultiHeader(writer, op.type, false, -1);
    if (op.type === OpCode.setData) writeSetDataRequest(writer, op.request);
    else if (op.type === OpCode.delete || op.type === OpCode.check) {
      writePathVersionRequest(writer, op.request);
    } else writeCreateRequest(writer, op.request);
  }
  writeMultiHeader(writer, -1, true, -1);
}

/** Writes the reply body of a multi, successful or failed. */
export function writeMultiResponse(writer: JuteWriter, results: readonly MultiResult[]): void {
  for (const result of results) {
    const err = result.type === OpCode.error ? result.err : 0;
    writeMultiHeader(writer, result.type, false, err);
    if (result.type === OpCode.create || result.type === OpCode.create2) {
      writer.writeString(result.path);
    }
    if (result.type === OpCode.create2 || result.type === OpCode.setData) {
      writeStat(writer, result.stat);
    }
    if (result.type === OpCode.error) writer.writeInt(result.err);
  }
  writeMultiHeader(writer, -1, true, -1);
}

function readMultiResult(reader: JuteReader, type: number): MultiResult {
  switch (type) {
    case OpCode.create:
      return { type, path: reader.readRequiredString("created path") };
    case OpCode.create2:
      return { type, path: reader.readRequiredString("created path"), stat: readStat(reader) };
    case OpCode.setData:
      return { type, stat: readStat(reader) };
    case OpCode.delete:
    case OpCode.check:
      return { type };
    case OpCode.error:
      return { type, err: reader.readInt() };
    default:
      throw new WireError("unknown-type", `Cannot decode multi: unknown result type ${type}`);
  }
}

/**
 * Reads the reply body of a multi, successful or failed.
 *
 * @throws WireError `unknown-type` for a result that no operation has.
 */
export function readMultiResponse(reader: JuteReader): MultiResult[] {
  const results: MultiResult[] = [];
  for (;;) {
    const type = reader.readInt();
    const done = reader.readBool();
    reader.readInt();
    if (done) return results;
    results.push(readMultiResult(reader, type));
  }
}
