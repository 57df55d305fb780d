/**
 * The bytes of a transaction log (ZooKeeper 3.9 `FileTxnLog`). No I/O here.
 *
 * | offset | type | field |
 * |---|---|---|
 * | 0 | int | magic "ZKLG" |
 * | 4 | int | version, 2 |
 * | 8 | long | database id, 0 |
 * | 16 | | records, then zeros up to the file's end |
 *
 * | offset | type | field of a record |
 * |---|---|---|
 * | 0 | long | Adler-32 of the payload |
 * | 8 | int | n, the payload's length; 0 ends the log |
 * | 12 | n bytes | payload: TxnHeader, transaction, optional digest |
 * | 12 + n | byte | 0x42 |
 *
 * The checksum covers the payload alone. Nothing says where a group of records was synced, so a
 * reader has to judge from the bytes whether a bad record is a torn tail: `log-damage-format.ts`.
 */
import { WireError } from "../wire/index.ts";
import { adler32 } from "./adler32.ts";

export const logHeaderBytes = 16;

/** Bytes of a record before its payload. */
export const recordHeadBytes = 12;

/** Bytes that a record takes besides its payload. */
export const recordOverheadBytes = recordHeadBytes + 1;

/** A payload starts with a TxnHeader, so it cannot be shorter. */
export const payloadBytesMin = 32;

/** No record is larger; far above what any request limit lets through. */
export const payloadBytesMax = 128 * 1024 * 1024;

const logMagic = 0x5a4b4c47;
const logVersion = 2;
const endOfRecord = 0x42;

/** The header that every log file starts with. */
export function encodeLogHeader(): Buffer {
  const header = Buffer.alloc(logHeaderBytes);
  header.writeInt32BE(logMagic, 0);
  header.writeInt32BE(logVersion, 4);
  return header;
}

/** @throws WireError when `bytes` do not start with the header of a log that we can read. */
export function checkLogHeader(bytes: Buffer): void {
  if (bytes.length < logHeaderBytes) {
    throw new WireError("truncated", `Cannot read log header: ${bytes.length} bytes instead of 16`);
  }
  const magic = bytes.readInt32BE(0);
  const version = bytes.readInt32BE(4);
  if (magic !== logMagic || version !== logVersion) {
    const found = `magic 0x${(magic >>> 0).toString(16)}, version ${version}`;
    throw new WireError("bad-value", `Cannot read log header: ${found} instead of "ZKLG", 2`);
  }
}

/**
 * Writes one record at `offset` of `target`, which must have room for the payload and
 * `recordOverheadBytes`; returns the offset after it.
 */
export function encodeRecord(target: Buffer, offset: number, payload: Buffer): number {
  const length = payload.length;
  // The checksum is a long on disk and never exceeds 32 bits.
  target.writeInt32BE(0, offset);
  target.writeUInt32BE(adler32(payload, 0, length), offset + 4);
  target.writeInt32BE(length, offset + 8);
  payload.copy(target, offset + recordHeadBytes);
  const end = offset + recordHeadBytes + length;
  target[end] = endOfRecord;
  return end + 1;
}

/** What stands at some offset of a log. */
export type RecordVerdict =
  /** A whole record: `payload` is a view, `end` the offset after the record. */
  | { readonly kind: "record"; readonly payload: Buffer; readonly end: number }
  /** Zeros where a record would be: the log ends here. */
  | { readonly kind: "end" }
  /** The range ends inside the record, which would take `bytes` in all. */
  | { readonly kind: "incomplete"; readonly bytes: number }
  /** No record. `unproven` is the one that it would be but for its checksum. */
  | {
      readonly kind: "bad";
      readonly reason: string;
      readonly unproven?: { readonly payload: Buffer; readonly end: number };
    };

/** Reads the record at `offset` of `bytes[0, limit)`. Looks at no byte past `limit`. */
export function decodeRecord(bytes: Buffer, offset: number, limit: number): RecordVerdict {
  if (limit - offset < recordHeadBytes) return { kind: "incomplete", bytes: recordOverheadBytes };
  const sumHigh = bytes.readInt32BE(offset);
  const sum = bytes.readUInt32BE(offset + 4);
  const length = bytes.readInt32BE(offset + 8);
  if (length === 0 && sum === 0 && sumHigh === 0) return { kind: "end" };
  if (length < payloadBytesMin || length > payloadBytesMax) {
    return { kind: "bad", reason: `length ${length}` };
  }
  if (sumHigh !== 0) return { kind: "bad", reason: "checksum of more than 32 bits" };
  const payloadEnd = offset + recordHeadBytes + length;
  if (payloadEnd >= limit) return { kind: "incomplete", bytes: length + recordOverheadBytes };
  if (bytes[payloadEnd] !== endOfRecord) return { kind: "bad", reason: "no end mark 0x42" };
  const payload = bytes.subarray(offset + recordHeadBytes, payloadEnd);
  const end = payloadEnd + 1;
  if (adler32(payload) !== sum) {
    return { kind: "bad", reason: "checksum does not match", unproven: { payload, end } };
  }
  return { kind: "record", payload, end };
}

/**
 * The size to which a file is to be extended before bytes up to `neededBytes` are written: in
 * steps of `preAllocBytes`, as soon as fewer than 4096 bytes would remain. 0 turns it off. A file
 * whose size does not change with every write is cheaper to sync.
 */
export function paddedSize(fileBytes: number, neededBytes: number, preAllocBytes: number): number {
  if (preAllocBytes <= 0) return fileBytes;
  const reserveBytes = 4096;
  if (neededBytes + reserveBytes < fileBytes) return fileBytes;
  const missing = neededBytes + reserveBytes + 1 - fileBytes;
  return fileBytes + Math.ceil(missing / preAllocBytes) * preAllocBytes;
}
