/** What clients write: payloads that begin with a transaction header, as the core expects. */

/** A write of one client; numbers ascend. */
export interface ClientWrite {
  readonly client: number;
  readonly number: number;
}

const payloadBytes = 36;

/** Header (session, xid, zxid, time, type) and a little data. */
export function encodeWrite(zxid: bigint, write: ClientWrite): Buffer {
  const payload = Buffer.alloc(payloadBytes);
  payload.writeBigInt64BE(BigInt(write.client), 0);
  payload.writeInt32BE(write.number, 8);
  payload.writeBigInt64BE(zxid, 12);
  payload.writeInt32BE(5, 28);
  return payload;
}

export function decodeWrite(payload: Buffer): ClientWrite {
  return { client: Number(payload.readBigInt64BE(0)), number: payload.readInt32BE(8) };
}
