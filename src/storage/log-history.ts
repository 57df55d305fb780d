/**
 * Reads the transaction log as history, from some transaction on, while the log is being written:
 * for learners that lack more than is in memory. It knows the format of the files and their order;
 * which part of the log is this server's history is said by whoever opens it. Memory stays bounded:
 * one window of a file at a time, at the reader's pace.
 */
import { formatHex, payloadZxid } from "../wire/index.ts";
import type { FileOps, OpenedFile } from "./file-ops.ts";
import type { Folder } from "./folder.ts";
import { isTornTail } from "./log-damage-format.ts";
import { FileWindow, reasonOf, windowBytes } from "./log-file-reader.ts";
import { indexOfFileWith, isNextZxid, listLogs } from "./log-folder.ts";
import { decodeRecord, logHeaderBytes } from "./log-format.ts";
import type { LoggedTxn } from "./recovery.ts";
import { StorageError, errnoOf } from "./storage-error.ts";

/** Where a history is read from. */
export interface LogHistorySource {
  readonly folder: Folder;
  /** The log holds this server's whole history above it, and nothing else above it. */
  readonly floor: bigint;
  /** Offset behind the last record in a file that is being written; null for any other file. */
  readonly endOf: (file: string) => number | null;
  /** Whether the history was replaced meanwhile: what is read then is worth nothing. */
  readonly isReplaced: () => boolean;
  readonly closed: () => void;
}

interface OpenLog {
  readonly name: string;
  readonly opened: OpenedFile;
  readonly window: FileWindow;
}

export class LogHistory {
  readonly #source: LogHistorySource;
  #log: OpenLog | undefined;
  /** Where the next record of the open file is. */
  #offset = logHeaderBytes;
  #position: bigint;
  /** The newest transaction that was read; undefined before the first. */
  #newest: bigint | undefined;
  /** Read, and not handed out yet. */
  #ahead: LoggedTxn[] = [];

  private constructor(source: LogHistorySource) {
    this.#source = source;
    this.#position = source.floor;
  }

  /**
   * Goes to the newest transaction up to `zxid`; `read` goes on behind it. Null when the log does
   * not reach back so far.
   * @throws StorageError
   */
  static async open(source: LogHistorySource, zxid: bigint): Promise<LogHistory | null> {
    if (zxid < source.floor) return null;
    const history = new LogHistory(source);
    let isFound = false;
    try {
      isFound = await history.#seek(zxid);
      return isFound ? history : null;
    } finally {
      if (!isFound) await history.close();
    }
  }

  /** The transaction behind which `read` goes on: the newest up to the one that was asked for. */
  get position(): bigint {
    return this.#position;
  }

  /** The first transaction behind `position`; undefined when there is none yet. */
  get next(): bigint | undefined {
    return this.#ahead[0]?.zxid;
  }

  /** About how many bytes of log follow. */
  async remainingBytes(): Promise<number> {
    const { folder } = this.#source;
    const files = await listLogs(folder);
    const from = files.findIndex((file) => file.name === this.#log?.name);
    if (from === -1) return 0;
    let bytes = -this.#offset;
    for (const { name } of files.slice(from)) {
      const file = folder.fileOf(name);
      bytes += this.#source.endOf(file) ?? (await sizeOf(folder.files, file));
    }
    return Math.max(0, bytes);
  }

  /**
   * The next transactions, in order; none when nothing more is written yet.
   * @throws StorageError `corrupt-log` when the log is damaged or has a gap, `cancelled` when the
   * history was replaced meanwhile.
   */
  async read(): Promise<readonly LoggedTxn[]> {
    let found: LoggedTxn[] | null = this.#ahead;
    this.#ahead = [];
    while (found?.length === 0) found = await this.#readOn(this.#position);
    if (this.#source.isReplaced()) {
      throw new StorageError("cancelled", "Reading the log given up: its history is replaced");
    }
    this.#position = found?.at(-1)?.zxid ?? this.#position;
    return found ?? [];
  }

  /** May be called more than once. */
  async close(): Promise<void> {
    this.#source.closed();
    const log = this.#log;
    this.#log = undefined;
    await log?.opened.close();
  }

  /** False when the log begins behind what is sought. */
  async #seek(zxid: bigint): Promise<boolean> {
    const files = await listLogs(this.#source.folder);
    const named = files[indexOfFileWith(files, zxid)];
    if (named === undefined) return zxid === this.#source.floor;
    await this.#enter(named.name);
    for (;;) {
      const found = await this.#readOn(zxid);
      if (found === null) return true;
      const [first] = found;
      if (first === undefined) continue;
      this.#ahead = found;
      return isNextZxid(this.#position, first.zxid);
    }
  }

  /**
   * Reads what the window at hand holds, or moves it: returns the transactions above `zxid`, and
   * passes over the others; null when nothing more is written yet.
   */
  async #readOn(zxid: bigint): Promise<LoggedTxn[] | null> {
    const log = this.#log;
    if (log === undefined) return null;
    const { window } = log;
    const found: LoggedTxn[] = [];
    for (;;) {
      const verdict = decodeRecord(window.bytes, this.#offset - window.start, window.bytes.length);
      if (verdict.kind !== "record") {
        if (found.length > 0) return found;
        const wanted = verdict.kind === "incomplete" ? verdict.bytes : 0;
        return (await this.#moveOn(log, wanted)) ? [] : null;
      }
      this.#offset = window.start + verdict.end;
      const { payload } = verdict;
      this.#take({ zxid: payloadZxid(payload), payload }, zxid, found);
    }
  }

  #take({ zxid, payload }: LoggedTxn, above: bigint, found: LoggedTxn[]): void {
    // Up to the floor the log may show another history; what is repeated was there before.
    if (zxid <= this.#source.floor || zxid <= (this.#newest ?? -1n)) return;
    if (this.#newest !== undefined && !isNextZxid(this.#newest, zxid)) {
      const file = this.#source.folder.fileOf(this.#log?.name ?? "");
      const between = `between ${formatHex(this.#newest)} and ${formatHex(zxid)}`;
      throw new StorageError("corrupt-log", `Transactions ${between} are missing in '${file}'`, {
        file,
      });
    }
    this.#newest = zxid;
    if (zxid > above) found.push({ zxid, payload: Buffer.from(payload) });
    else this.#position = zxid;
  }

  /** Loads more of the file, or goes to the next one; false when there is nothing more yet. */
  async #moveOn(log: OpenLog, wantedBytes: number): Promise<boolean> {
    const { window, opened } = log;
    const bytes = Math.max(windowBytes, wantedBytes);
    if (wantedBytes > 0 && this.#offset + wantedBytes <= window.fileBytes) {
      await window.moveTo(this.#offset, bytes);
      return true;
    }
    // No more in the file as it was when it was looked at. Where there is a next file, this one
    // has all its records by now.
    const later = await this.#fileAfter(log.name);
    const end = this.#source.endOf(this.#source.folder.fileOf(log.name));
    window.fileBytes = await opened.size();
    await window.moveTo(this.#offset, bytes);
    const verdict = decodeRecord(window.bytes, 0, window.bytes.length);
    if (verdict.kind === "record") return true;
    if (verdict.kind === "incomplete" && this.#offset + verdict.bytes <= window.fileBytes)
      return true;
    if (end !== null) {
      if (this.#offset < end) throw this.#damaged(log, reasonOf(verdict));
      return false;
    }
    // Zeros are looked through once, when the file is left: there may be many of them.
    const isEnd = later === undefined && verdict.kind === "end";
    if (!isEnd && !(await isEndOrTorn(window, this.#offset))) {
      throw this.#damaged(log, reasonOf(verdict));
    }
    if (later === undefined) return false;
    await opened.close();
    await this.#enter(later);
    return true;
  }

  #damaged({ name }: OpenLog, reason: string): StorageError {
    const file = this.#source.folder.fileOf(name);
    const offset = this.#offset;
    const message = `Transaction log '${file}' is damaged at offset ${offset} (${reason})`;
    return new StorageError("corrupt-log", message, { file, offset });
  }

  /** The name of the next file, which is written once the one before has its last record. */
  async #fileAfter(name: string): Promise<string | undefined> {
    const files = await listLogs(this.#source.folder);
    return files[files.findIndex((file) => file.name === name) + 1]?.name;
  }

  async #enter(name: string): Promise<void> {
    const { folder } = this.#source;
    const file = folder.fileOf(name);
    try {
      const opened = await folder.files.open(file, "read");
      const window = new FileWindow(opened, await opened.size());
      this.#log = { name, opened, window };
      await window.moveTo(0, windowBytes);
      this.#offset = logHeaderBytes;
    } catch (error) {
      throw StorageError.from(error, "read", file);
    }
  }
}

/** Whether what stands at `offset`, and is no record, is padding or an old torn end. */
async function isEndOrTorn(window: FileWindow, offset: number): Promise<boolean> {
  if (await window.isZeroFrom(offset)) return true;
  const { rest, moreFollows } = await window.damageAt(offset);
  return isTornTail(rest, offset, moreFollows);
}

/** A file that is gone was purged, and was not needed any more. */
async function sizeOf(files: FileOps, file: string): Promise<number> {
  try {
    const opened = await files.open(file, "read");
    try {
      return await opened.size();
    } finally {
      await opened.close();
    }
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return 0;
    throw StorageError.from(error, "read", file);
  }
}
