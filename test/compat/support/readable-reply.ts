/**
 * A reply or a notification as text that two servers must agree on: decoded by the type of its
 * request, with zxids as distances from where the server began, session ids by name, no times,
 * and lists without an order of their own sorted. Bytes left over are shown, never dropped.
 */
import { createHash } from "node:crypto";
import { JuteReader, OpCode, readAcl, readStat } from "../../../src/wire/index.ts";
import type { Stat } from "../../../src/wire/index.ts";
import type { RawFrame } from "./raw-session.ts";

/** What is particular to one server. */
export interface ServerView {
  /** The zxid at which the comparison began. */
  readonly baseZxid: bigint;
  /** Names of sessions by their id. */
  readonly sessions: ReadonlyMap<bigint, string>;
}

const SHORT_DATA_BYTES = 200;

/** The text of `frame`, which answers a request of `type`, or of null: a closed connection. */
export function readableReply(type: number, frame: RawFrame | null, view: ServerView): string {
  if (frame === null) return "closed";
  const head = `xid ${frame.xid}, zxid ${zxid(frame.zxid, view)}, err ${frame.err}`;
  if (frame.body.length === 0) return head;
  const reader = new JuteReader(frame.body);
  let body: unknown;
  try {
    body = readBody(type, reader, view);
  } catch (error) {
    return `${head}, undecodable: ${String(error)}: ${frame.body.toString("hex")}`;
  }
  const rest = reader.remaining === 0 ? "" : `, and ${reader.remaining} bytes more`;
  return `${head}, ${JSON.stringify(body)}${rest}`;
}

/** The text of a notification. */
export function readableEvent(frame: RawFrame, view: ServerView): string {
  const reader = new JuteReader(frame.body);
  const event = `type ${reader.readInt()}, state ${reader.readInt()}, ${reader.readString() ?? "-"}`;
  return `event ${event}, zxid ${zxid(frame.zxid, view)}, err ${frame.err}`;
}

function readBody(type: number, reader: JuteReader, view: ServerView): unknown {
  switch (type) {
    case OpCode.create:
    case OpCode.sync:
      return reader.readString();
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return [reader.readString(), stat(reader, view)];
    case OpCode.exists:
    case OpCode.setData:
    case OpCode.setACL:
      return stat(reader, view);
    case OpCode.getData:
      return [data(reader), stat(reader, view)];
    case OpCode.getACL:
      return [readAcl(reader), stat(reader, view)];
    case OpCode.getChildren:
    case OpCode.getEphemerals:
      return names(reader);
    case OpCode.getChildren2:
      return [names(reader), stat(reader, view)];
    case OpCode.getAllChildrenNumber:
      return reader.readInt();
    case OpCode.whoAmI:
      return reader.readVector((r) => `${r.readString()}:${r.readString()}`, 8)?.sort();
    case OpCode.multi:
    case OpCode.multiRead:
      return readMulti(reader, view);
    default:
      return reader.readRest().toString("hex");
  }
}

function readMulti(reader: JuteReader, view: ServerView): unknown[] {
  const results: unknown[] = [];
  for (;;) {
    const type = reader.readInt();
    const isLast = reader.readBool();
    const err = reader.readInt();
    if (isLast) return results;
    const isBare = type === OpCode.delete || type === OpCode.check;
    const error = type === OpCode.error ? reader.readInt() : null;
    const body = isBare || error !== null ? error : readBody(type, reader, view);
    results.push([type, err, body]);
  }
}

function names(reader: JuteReader): string[] | undefined {
  return reader.readVector((r) => r.readRequiredString("name"), 4)?.sort();
}

function data(reader: JuteReader): string | null {
  const bytes = reader.readBuffer();
  if (bytes === null || bytes.length <= SHORT_DATA_BYTES) return bytes?.toString("latin1") ?? null;
  return `${bytes.length} bytes, SHA-1 ${createHash("sha1").update(bytes).digest("hex")}`;
}

function stat(reader: JuteReader, view: ServerView): unknown {
  const { ctimeMs, mtimeMs, ...rest }: Stat = readStat(reader);
  const owner = view.sessions.get(rest.ephemeralOwner) ?? String(rest.ephemeralOwner);
  return {
    ...rest,
    czxid: zxid(rest.czxid, view),
    mzxid: zxid(rest.mzxid, view),
    pzxid: zxid(rest.pzxid, view),
    ephemeralOwner: owner,
    hasTimes: ctimeMs > 0 && mtimeMs >= ctimeMs,
  };
}

/** 0 and -1 say that there is none. */
function zxid(value: bigint, { baseZxid }: ServerView): string {
  return value <= 0n ? String(value) : `+${value - baseZxid}`;
}
