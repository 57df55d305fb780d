/**
 * Reads one log file from its start to its last whole record, and says how it ends. Memory stays
 * bounded whatever the file holds: it is read through a window that grows only for a record that
 * is larger. What to do about a torn end is the caller's decision; damage that is no torn end is an
 * error here.
 */
import { WireError, payloadZxid } from "../wire/index.ts";
import type { FileOps, OpenedFile } from "./file-ops.ts";
import { readFile } from "./folder.ts";
import { isTornTail, unsyncedBytesMax } from "./log-damage-format.ts";
import { checkLogHeader, decodeRecord, encodeLogHeader, logHeaderBytes } from "./log-format.ts";
import { StorageError } from "./storage-error.ts";

/** What was found in a log file. */
export interface LogScan {
  readonly recordCount: number;
  /** Zxid of the last record; null when there is none. */
  readonly lastZxid: bigint | null;
  /** Offset after the last whole record; 0 when not even the file's header is whole. */
  readonly endOffset: number;
  /** Why the bytes after `endOffset` are neither zeros nor the file's end; null when they are. */
  readonly torn: string | null;
}

/**
 * Takes one record; `payload` is valid during the call only, `end` is the offset after the record.
 * Returning false ends the reading before this record.
 */
export type RecordVisitor = (zxid: bigint, payload: Buffer, end: number) => boolean;

/** What is read at a time, unless a record is larger. */
export const windowBytes = 256 * 1024;

const zeros = Buffer.alloc(windowBytes);

/**
 * Reads `file`.
 * @throws StorageError `corrupt-log` with the offset of the damage, or `io`.
 */
export function scanLogFile(files: FileOps, file: string, visit: RecordVisitor): Promise<LogScan> {
  return readLogFile(files, file, async (view, isHeaderWhole) =>
    isHeaderWhole ? scanRecords(file, view, visit) : headless(view.fileBytes),
  );
}

/**
 * Opens `file` and gives `use` a window on it, which stands at its beginning.
 * @throws StorageError `corrupt-log` when it is something else than a log, `io`, or as `use` does.
 */
export async function readLogFile<T>(
  files: FileOps,
  file: string,
  use: (view: FileWindow, isHeaderWhole: boolean) => Promise<T>,
): Promise<T> {
  try {
    return await readFile(files, file, async (opened) => {
      const view = new FileWindow(opened, await opened.size());
      return use(view, await view.isHeaderWhole(file));
    });
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const message = `${error.message} in '${file}'`;
    throw new StorageError("corrupt-log", message, { file, offset: 0, cause: error });
  }
}

function headless(size: number): LogScan {
  const torn = size === 0 ? null : "incomplete file header";
  return { recordCount: 0, lastZxid: null, endOffset: 0, torn };
}

async function scanRecords(file: string, view: FileWindow, visit: RecordVisitor): Promise<LogScan> {
  let offset = logHeaderBytes;
  let recordCount = 0;
  let lastZxid: bigint | null = null;
  const scan = (torn: string | null): LogScan => ({
    recordCount,
    lastZxid,
    endOffset: offset,
    torn,
  });
  for (;;) {
    const verdict = decodeRecord(view.bytes, offset - view.start, view.bytes.length);
    if (verdict.kind === "record") {
      const zxid = payloadZxid(verdict.payload);
      const end = view.start + verdict.end;
      if (!visit(zxid, verdict.payload, end)) return scan(null);
      recordCount += 1;
      lastZxid = zxid;
      offset = end;
      continue;
    }
    if (verdict.kind === "incomplete" && offset + verdict.bytes <= view.fileBytes) {
      await view.moveTo(offset, Math.max(windowBytes, verdict.bytes));
      continue;
    }
    if (await view.isZeroFrom(offset)) return scan(null);
    const reason = reasonOf(verdict);
    const { rest, moreFollows } = await view.damageAt(offset);
    if (isTornTail(rest, offset, moreFollows)) return scan(reason);
    throw new StorageError(
      "corrupt-log",
      `Cannot read transaction log '${file}': damaged record at offset ${offset} (${reason}), ` +
        "and it is no torn end of the file",
      { file, offset },
    );
  }
}

/** Why no record was found. */
export function reasonOf(verdict: { readonly kind: string; readonly reason?: string }): string {
  if (verdict.reason !== undefined) return verdict.reason;
  return verdict.kind === "end" ? "zeros before the last bytes" : "record ends past the file";
}

/** A part of a file in memory, moved along as reading goes on. */
export class FileWindow {
  /** File offset of `bytes[0]`. */
  start = 0;
  bytes: Buffer = Buffer.alloc(0);
  /** The file's length. */
  fileBytes: number;
  readonly #opened: OpenedFile;

  constructor(opened: OpenedFile, fileBytes: number) {
    this.#opened = opened;
    this.fileBytes = fileBytes;
  }

  /** Loads `[offset, offset + count)`, or what the file has of it. */
  async moveTo(offset: number, count: number): Promise<void> {
    const wanted = Math.max(0, Math.min(count, this.fileBytes - offset));
    const target = Buffer.allocUnsafeSlow(wanted);
    let filled = 0;
    while (filled < wanted) {
      const rest = filled === 0 ? target : target.subarray(filled);
      const bytesRead = await this.#opened.read(rest, offset + filled);
      if (bytesRead === 0) {
        // Somebody else cut the file meanwhile: it ends here.
        this.fileBytes = offset + filled;
        break;
      }
      filled += bytesRead;
    }
    this.start = offset;
    this.bytes = target.subarray(0, filled);
  }

  /**
   * Loads the file's beginning; false when its header is cut off or was never written.
   * @throws WireError when it is the header of something else.
   */
  async isHeaderWhole(file: string): Promise<boolean> {
    await this.moveTo(0, windowBytes);
    const head = this.bytes.subarray(0, logHeaderBytes);
    const proper = encodeLogHeader();
    if (head.equals(proper)) return true;
    const written = head.findLastIndex((byte) => byte !== 0) + 1;
    const isBegun = head.subarray(0, written).equals(proper.subarray(0, written));
    if (isBegun && (await this.isZeroFrom(written))) return false;
    if (written > 0) {
      checkLogHeader(head);
      await this.moveTo(0, windowBytes);
      return true;
    }
    const { rest, moreFollows } = await this.damageAt(0);
    if (isTornTail(rest, 0, moreFollows)) return false;
    throw new StorageError("corrupt-log", `Cannot read '${file}': zeros instead of the header`, {
      file,
      offset: 0,
    });
  }

  /** Whether only zeros stand from `offset` to the end of the file. */
  async isZeroFrom(offset: number): Promise<boolean> {
    for (let from = offset; from < this.fileBytes; from += windowBytes) {
      await this.moveTo(from, windowBytes);
      // Comparing memory is much faster than a loop, and padding may be long.
      if (!this.bytes.equals(zeros.subarray(0, this.bytes.length))) return false;
    }
    return true;
  }

  /** The bytes to judge damage at `offset` by: see `isTornTail`. */
  async damageAt(offset: number): Promise<{ rest: Buffer; moreFollows: boolean }> {
    const moreFollows = !(await this.isZeroFrom(offset + unsyncedBytesMax));
    await this.moveTo(offset, unsyncedBytesMax);
    return { rest: this.bytes, moreFollows };
  }
}
