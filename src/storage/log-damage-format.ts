/**
 * Tells a torn tail from corruption, by the bytes alone.
 *
 * When a machine loses power, any part of what was written after the last sync may be missing:
 * sectors that did not reach the disk read as zeros, since a log grows into zeros. That is a torn
 * tail; nothing in it was acknowledged, and it is cut off. Everything else that is not a record is
 * damage to synced bytes, and a log that has it must be refused: what follows it would be lost
 * silently. Rules, for a bad place at offset p:
 *
 * 1. Bytes other than zeros further than `unsyncedBytesMax` behind p: corrupt, because no write
 *    between two syncs is that long.
 * 2. A whole record between p and the first missing (all-zero) sector behind p: corrupt, because
 *    sectors before the missing one are as they were written.
 * 3. A record at p, of whose end mark something stands in front of the first missing sector:
 *    corrupt, because all of it was written. So it is when one bit of its length is wrong.
 * 4. Otherwise: torn.
 */
import { adler32 } from "./adler32.ts";
import { decodeRecord, recordHeadBytes, recordOverheadBytes } from "./log-format.ts";

/** The longest write between two syncs. Longer batches are written and synced in parts. */
export const unsyncedBytesMax = 8 * 1024 * 1024;

/** What disks write as a whole. */
const sectorBytes = 512;

/** As long as a checksum, which is never 0: so many zeros at a record's start are no record's. */
const checksumBytes = 8;

/** Where a record has the length of its payload, behind the checksum. */
const lengthAt = checksumBytes;

/**
 * Judges the place `bytes[0]`, where no record stands. `bytes` are the rest of the file from
 * there, or its first `unsyncedBytesMax`; `fileOffset` is the place's offset in the file, and
 * `moreFollows` tells whether there are other bytes than zeros behind `bytes`.
 */
export function isTornTail(bytes: Buffer, fileOffset: number, moreFollows: boolean): boolean {
  if (moreFollows) return false;
  const missingAt = firstMissingSector(bytes, fileOffset);
  if (isWrittenToItsEnd(bytes.subarray(0, missingAt))) return false;
  for (let offset = 1; offset < missingAt; offset++) {
    if (bytes.length - offset < recordOverheadBytes) break;
    // Four zeros lead every checksum: this spares the full look at nearly all offsets.
    if (bytes[offset] !== 0 || bytes[offset + 1] !== 0) continue;
    if (decodeRecord(bytes, offset, bytes.length).kind === "record") return false;
  }
  return true;
}

/** Whether a record that begins `bytes` ends there too, whatever has become of its bytes. */
function isWrittenToItsEnd(bytes: Buffer): boolean {
  if (bytes.length < recordOverheadBytes) return false;
  const length = bytes.readInt32BE(lengthAt);
  if (length > 0 && (bytes[recordHeadBytes + length] ?? 0) !== 0) return true;
  const copy = Buffer.from(bytes);
  for (let bit = 0; bit < 32; bit++) {
    copy.writeInt32BE(length ^ (1 << bit), lengthAt);
    if (decodeRecord(copy, 0, copy.length).kind === "record") return true;
  }
  return false;
}

/** Index of the first byte of `bytes` from which a sector is zeros to its end, or the length. */
function firstMissingSector(bytes: Buffer, fileOffset: number): number {
  const headBytes = sectorBytes - (fileOffset % sectorBytes);
  if (headBytes < checksumBytes && isHeadMissing(bytes, headBytes)) return 0;
  let from = 0;
  while (from < bytes.length) {
    const sectorEnd = from + sectorBytes - ((fileOffset + from) % sectorBytes);
    const to = Math.min(sectorEnd, bytes.length);
    if (to - from >= checksumBytes && isZero(bytes, from, to)) return from;
    from = to;
  }
  return bytes.length;
}

/**
 * Whether `bytes[0]` begins a record whose first `headBytes`, a part of its checksum, did not reach
 * the disk: they are zeros, and the rest of the checksum is that of the payload.
 */
function isHeadMissing(bytes: Buffer, headBytes: number): boolean {
  if (!isZero(bytes, 0, Math.min(headBytes, bytes.length))) return false;
  const verdict = decodeRecord(bytes, 0, bytes.length);
  if (verdict.kind !== "bad" || verdict.unproven === undefined) return false;
  const rest = 2 ** (8 * (checksumBytes - headBytes));
  return adler32(verdict.unproven.payload) % rest === bytes.readUInt32BE(4) % rest;
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}
