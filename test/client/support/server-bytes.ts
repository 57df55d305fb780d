/**
 * What a server says and hears, as bytes: builds its frames and takes those of a client apart.
 * Written against the protocol with plain Buffer arithmetic where that is short, so that the
 * client is not tested only against the codecs that it uses itself.
 */
import { JuteReader, JuteWriter, readConnectRequest, writeStat } from "../../../src/wire/index.ts";
import type { ConnectRequest, Stat } from "../../../src/wire/index.ts";

/** A request as the server sees it. */
export interface SeenRequest {
  readonly xid: number;
  readonly op: number;
  readonly body: Buffer;
}

export const password = Buffer.from("00112233445566778899aabbccddeeff", "hex");

export const someStat: Stat = {
  czxid: 1n,
  mzxid: 2n,
  ctimeMs: 1000,
  mtimeMs: 2000,
  version: 3,
  cversion: 4,
  aversion: 5,
  ephemeralOwner: 0n,
  dataLength: 6,
  numChildren: 7,
  pzxid: 8n,
};

/** Puts the length in front. */
export function frame(...parts: readonly Buffer[]): Buffer {
  const payload = Buffer.concat(parts);
  return Buffer.concat([int(payload.length), payload]);
}

export function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function long(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

export function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([int(bytes.length), bytes]);
}

export function statBytes(stat: Stat = someStat): Buffer {
  const writer = new JuteWriter();
  writeStat(writer, stat);
  return writer.takeCopy();
}

/** The answer to a ConnectRequest. */
export function accepted(sessionId = 0x77n, timeoutMs = 6000): Buffer {
  return frame(int(0), int(timeoutMs), long(sessionId), text(password), Buffer.from([0]));
}

/** The answer to a ConnectRequest for a session that is gone. */
export function expired(): Buffer {
  return frame(int(0), int(0), long(0n), text(Buffer.alloc(16)), Buffer.from([0]));
}

/** A reply; a result code other than 0 has no body. */
export function reply(
  xid: number,
  {
    zxid = 1n,
    err = 0,
    body = Buffer.alloc(0),
  }: { zxid?: bigint; err?: number; body?: Buffer } = {},
): Buffer {
  return frame(int(xid), long(zxid), int(err), body);
}

/** A watch notification. */
export function notification(type: number, path: string, zxid = 1n): Buffer {
  return frame(int(-1), long(zxid), int(0), int(type), int(3), text(path));
}

/** The frames in some bytes, which must be whole. */
function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 + bytes.readInt32BE(at);
    if (end > bytes.length) throw new Error("Cannot cut frames: the last one is not whole");
    frames.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return frames;
}

export function connectRequestOf(bytes: Buffer): ConnectRequest {
  const [first] = framesOf(bytes);
  return readConnectRequest(new JuteReader(first ?? Buffer.alloc(0)));
}

/** The requests in some bytes. */
export function requestsOf(bytes: Buffer): SeenRequest[] {
  return framesOf(bytes).map((payload) => ({
    xid: payload.readInt32BE(0),
    op: payload.readInt32BE(4),
    body: payload.subarray(8),
  }));
}
