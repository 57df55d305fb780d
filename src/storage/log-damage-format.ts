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
 * 3. Otherwise: torn.
 */
import { decodeRecord, recordOverheadBytes } from "./log-format.ts";

/** The longest write between two syncs. Longer batches are written and synced in parts. */
export const unsyncedBytesMax = 8 * 1024 * 1024;

/** What disks write as a whole. */
const sectorBytes = 512;

/** Fewer zeros than this at a sector's end are no evidence: checksums start with four. */
const zeroBytesMin = 8;

/**
 * Judges the place `bytes[0]`, where no record stands. `bytes` are the rest of the file from
 * there, or its first `unsyncedBytesMax`; `fileOffset` is the place's offset in the file, and
 * `moreFollows` tells whether there are other bytes than zeros behind `bytes`.
 */
export function isTornTail(bytes: Buffer, fileOffset: number, moreFollows: boolean): boolean {
  if (moreFollows) return false;
  const missingAt = firstMissingSector(bytes, fileOffset);
  for (let offset = 1; offset < missingAt; offset++) {
    if (bytes.length - offset < recordOverheadBytes) break;
    // Four zeros lead every checksum: this spares the full look at nearly all offsets.
    if (bytes[offset] !== 0 || bytes[offset + 1] !== 0) continue;
    if (decodeRecord(bytes, offset, bytes.length).kind === "record") return false;
  }
  return true;
}

/** Index of the first byte of `bytes` from which a sector is zeros to its end, or the length. */
function firstMissingSector(bytes: Buffer, fileOffset: number): number {
  let from = 0;
  while (from < bytes.length) {
    const sectorEnd = from + sectorBytes - ((fileOffset + from) % sectorBytes);
    const to = Math.min(sectorEnd, bytes.length);
    if (to - from >= zeroBytesMin && isZero(bytes, from, to)) return from;
    from = to;
  }
  return bytes.length;
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}
