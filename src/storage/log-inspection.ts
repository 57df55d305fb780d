/**
 * Looks at a log file that may be damaged, and makes a readable one of it. Recovery
 * (`log-file-reader.ts`) stops at the first bad place; this goes on where it can: a record whose
 * checksum alone is wrong has a known end. Behind a place where no record's end is known, nothing
 * can be told from chance any more. The file itself is never changed.
 */
import path from "node:path";
import { Folder, syncFile, useFile, writeFully } from "./folder.ts";
import { readLogFile, reasonOf, windowBytes } from "./log-file-reader.ts";
import type { FileWindow } from "./log-file-reader.ts";
import {
  decodeRecord,
  encodeLogHeader,
  encodeRecord,
  logHeaderBytes,
  recordOverheadBytes,
} from "./log-format.ts";
import { nodeFiles } from "./node-files.ts";

/** A record as it was found. */
export interface InspectedRecord {
  /** Valid during the call only. */
  readonly payload: Buffer;
  /** Where it begins in the file. */
  readonly offset: number;
  /** Whether its checksum is the one that is written. */
  readonly isProven: boolean;
}

/** What was found in a log file. */
export interface LogInspection {
  readonly recordCount: number;
  /** How many of them have a wrong checksum. */
  readonly unprovenCount: number;
  /** Offset after the last record. */
  readonly endOffset: number;
  /** Bytes behind it, up to the last one that is not zero, and why they are no records. */
  readonly unreadable: { readonly bytes: number; readonly reason: string } | null;
}

/**
 * Visits every record of `file` that can be found.
 * @throws StorageError `corrupt-log` when it has no log's header, `io` when it cannot be read.
 */
export function inspectLogFile(
  file: string,
  visit: (record: InspectedRecord) => Promise<void> | void,
): Promise<LogInspection> {
  return readLogFile(nodeFiles, file, async (view, isHeaderWhole) => {
    if (isHeaderWhole) return inspectRecords(view, visit);
    const { fileBytes: bytes } = view;
    const unreadable = bytes === 0 ? null : { bytes, reason: "incomplete file header" };
    return { recordCount: 0, unprovenCount: 0, endOffset: 0, unreadable };
  });
}

async function inspectRecords(
  view: FileWindow,
  visit: (record: InspectedRecord) => Promise<void> | void,
): Promise<LogInspection> {
  let offset = logHeaderBytes;
  let recordCount = 0;
  let unprovenCount = 0;
  for (;;) {
    const verdict = decodeRecord(view.bytes, offset - view.start, view.bytes.length);
    if (verdict.kind === "incomplete" && offset + verdict.bytes <= view.fileBytes) {
      await view.moveTo(offset, Math.max(windowBytes, verdict.bytes));
      continue;
    }
    const found = verdict.kind === "bad" ? verdict.unproven : verdict;
    if (found !== undefined && "payload" in found) {
      const isProven = verdict.kind === "record";
      const end = view.start + found.end;
      await visit({ payload: found.payload, offset, isProven });
      recordCount += 1;
      if (!isProven) unprovenCount += 1;
      offset = end;
      continue;
    }
    const bytes = (await lastByte(view, offset)) - offset;
    const unreadable = bytes === 0 ? null : { bytes, reason: reasonOf(verdict) };
    return { recordCount, unprovenCount, endOffset: offset, unreadable };
  }
}

/** Offset after the last byte that is not zero; at least `from`. */
async function lastByte(view: FileWindow, from: number): Promise<number> {
  let last = from;
  for (let at = from; at < view.fileBytes; at += windowBytes) {
    await view.moveTo(at, windowBytes);
    const index = view.bytes.findLastIndex((byte) => byte !== 0);
    if (index >= 0) last = at + index + 1;
  }
  return last;
}

/**
 * Writes the records of `file` that can be found into the new file `target`, each with the
 * checksum of the bytes that it has; what is unreadable is left out.
 * @throws StorageError also when `target` is there already.
 */
export async function repairLogFile(file: string, target: string): Promise<LogInspection> {
  const how = { file: target, mode: "create", doing: "write" } as const;
  return useFile(nodeFiles, how, async (opened) => {
    let end = await writeFully(opened, encodeLogHeader(), 0);
    const found = await inspectLogFile(file, async ({ payload }) => {
      const record = Buffer.allocUnsafe(payload.length + recordOverheadBytes);
      encodeRecord(record, 0, payload);
      end = await writeFully(opened, record, end);
    });
    await syncFile(opened, target);
    await new Folder(nodeFiles, path.dirname(path.resolve(target))).sync();
    return found;
  });
}
