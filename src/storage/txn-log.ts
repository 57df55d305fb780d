/**
 * The writing end of the transaction log. `append` gathers records in memory; `sync` writes all
 * that has gathered with one write and one sync. While it is under way the next batch gathers in a
 * second buffer. On Linux the file is opened with O_DSYNC: each write does the work of a write and
 * an fdatasync, in one trip to a thread instead of two. Elsewhere fdatasync follows, since what
 * O_DSYNC promises differs. Format: `log-format.ts`.
 *
 * A file is named after its first record and so is created with it; every start of the server,
 * `roll` and the size limit begin a new file. A file is extended in steps ahead of its records, so
 * that a sync seldom has a new file size to write down.
 *
 * A write that fails for want of space (`no-space`) is no loss: the batch stays in memory, and the
 * next `sync` writes it again from where the last durable part ended, over whatever a half-done
 * write left there. After any other failed write or sync nothing more is accepted: what the system
 * still holds in memory of a failed sync may be gone, and only a new start reads what is really on
 * the disk.
 */
import fs from "node:fs";
import path from "node:path";
import { assert } from "../base/index.ts";
import { Summary } from "../observe/index.ts";
import type { Logger } from "../observe/index.ts";
import { formatHex, payloadZxid } from "../wire/index.ts";
import { removeFile, syncFolder } from "./durable-files.ts";
import { logFileName } from "./file-names.ts";
import { unsyncedBytesMax } from "./log-damage-format.ts";
import {
  encodeLogHeader,
  encodeRecord,
  logHeaderBytes,
  paddedSize,
  payloadBytesMax,
  payloadBytesMin,
  recordOverheadBytes,
} from "./log-format.ts";
import { StorageError, isOutOfSpace } from "./storage-error.ts";

/** How a log is written. */
export interface TxnLogOptions {
  /** Folder of the log files. Must exist. */
  readonly folder: string;
  readonly logger: Logger;
  /** Step in which files are extended; 0 for none. */
  readonly preAllocBytes: number;
  /** Whether `sync` makes durable; without it a loss of power loses acknowledged writes. */
  readonly forceSync: boolean;
  /** A file that has reached this size is followed by a new one; 0 for no limit. */
  readonly sizeLimitBytes: number;
  /** A sync that takes longer is logged. */
  readonly syncWarningMs: number;
}

/** Counters since the start, for metrics. */
export interface TxnLogStats {
  syncCount: number;
  syncedBytes: number;
  /** Duration of the last write with its sync. */
  lastSyncMs: number;
  /** All writes with their syncs, in ms. */
  readonly syncMs: Summary;
}

interface OpenFile {
  readonly fd: number;
  readonly file: string;
  /** Where the next record goes. */
  position: number;
  /** Size including padding. */
  fileBytes: number;
}

/** A place in the gathered bytes where a new file begins. */
interface FileStart {
  readonly at: number;
  readonly zxid: bigint;
}

/** Gathered bytes on their way to the disk. */
interface Batch {
  readonly bytes: Buffer;
  /** What is before it is durable. */
  from: number;
  readonly end: number;
  /** Files that are still to be begun, in order. */
  readonly fileStarts: FileStart[];
}

const bufferBytes = 256 * 1024;

/** A buffer that one large batch made larger than this is not kept. */
const keptBufferBytesMax = 4 * 1024 * 1024;

/** Whether opening with O_DSYNC makes writes as durable as an fdatasync does. */
const isSyncedByWrite = process.platform === "linux";

/** Appends to the newest log file. */
export class TxnLog {
  readonly stats: TxnLogStats = {
    syncCount: 0,
    syncedBytes: 0,
    lastSyncMs: 0,
    syncMs: new Summary(),
  };
  readonly #options: TxnLogOptions;
  #current: OpenFile | null = null;
  #gathering: Buffer = Buffer.allocUnsafeSlow(bufferBytes);
  #gatheredBytes = 0;
  #fileStarts: FileStart[] = [];
  #spare: Buffer | null = Buffer.allocUnsafeSlow(bufferBytes);
  /** Bytes that the file of the last appended record will have. */
  #lastFileBytes = 0;
  #startsNewFile = true;
  /** The batch that is being written, or that there was no space for. */
  #unwritten: Batch | null = null;
  #syncing: Promise<void> | null = null;
  #failure: StorageError | null = null;

  constructor(options: TxnLogOptions) {
    this.#options = options;
  }

  /** Bytes that are not durable. */
  get pendingBytes(): number {
    const batch = this.#unwritten;
    return this.#gatheredBytes + (batch === null ? 0 : batch.end - batch.from);
  }

  /** What made this log unusable, or null. */
  get failure(): StorageError | null {
    return this.#failure;
  }

  /** Gathers a record; copies `payload`. @throws StorageError when the log has failed. */
  append(zxid: bigint, payload: Buffer): void {
    if (this.#failure !== null) throw this.#failure;
    assert(payload.length >= payloadBytesMin, "A payload has a header");
    assert(payload.length <= payloadBytesMax, "A payload fits in a log record");
    assert(payloadZxid(payload) === zxid, "A payload is appended under its own zxid");
    if (this.#startsNewFile) {
      this.#fileStarts.push({ at: this.#gatheredBytes, zxid });
      this.#lastFileBytes = logHeaderBytes;
      this.#startsNewFile = false;
    }
    const recordBytes = payload.length + recordOverheadBytes;
    this.#reserve(recordBytes);
    this.#gatheredBytes = encodeRecord(this.#gathering, this.#gatheredBytes, payload);
    this.#lastFileBytes += recordBytes;
    const limit = this.#options.sizeLimitBytes;
    if (limit > 0 && this.#lastFileBytes >= limit) this.#startsNewFile = true;
  }

  /** The next record begins a new file. */
  roll(): void {
    this.#startsNewFile = true;
  }

  /**
   * Makes every record gathered so far durable. Records appended meanwhile wait for the next sync.
   * @throws StorageError `no-space`: call again later, nothing is lost. Others are final.
   */
  sync(): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#syncing !== null) return this.#syncing.then(() => this.sync());
    // What there was no space for comes first.
    if (this.#unwritten !== null) return this.#write(this.#unwritten).then(() => this.sync());
    if (this.#gatheredBytes === 0) return Promise.resolve();
    return this.#write(this.#takeBatch());
  }

  #takeBatch(): Batch {
    const bytes = this.#gathering;
    const fileStarts = this.#fileStarts;
    const batch = { bytes, from: 0, end: this.#gatheredBytes, fileStarts };
    this.#gathering = this.#spare ?? Buffer.allocUnsafeSlow(bufferBytes);
    this.#spare = null;
    this.#gatheredBytes = 0;
    if (fileStarts.length > 0) this.#fileStarts = [];
    return batch;
  }

  #write(batch: Batch): Promise<void> {
    this.#unwritten = batch;
    this.#syncing =
      batch.fileStarts.length === 0
        ? this.#writeUpTo(batch, batch.end)
        : this.#writeAcrossFiles(batch);
    return this.#syncing.then(
      () => {
        this.#syncing = null;
        this.#unwritten = null;
        if (batch.bytes.length <= keptBufferBytesMax) this.#spare = batch.bytes;
      },
      (error: unknown) => {
        this.#syncing = null;
        if (isOutOfSpace(error)) throw error;
        throw this.#fail(error);
      },
    );
  }

  /**
   * Syncs what has gathered and closes the newest file, without its padding. The next record
   * begins a new file.
   */
  async finishFile(): Promise<void> {
    await this.sync();
    this.#startsNewFile = true;
    await this.#closeCurrent();
  }

  /** Gives up after a failure: closes the file as it is. */
  abandon(): void {
    if (this.#current !== null) fs.closeSync(this.#current.fd);
    this.#current = null;
  }

  #reserve(bytes: number): void {
    const needed = this.#gatheredBytes + bytes;
    if (needed <= this.#gathering.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#gathering.length * 2));
    this.#gathering.copy(larger, 0, 0, this.#gatheredBytes);
    this.#gathering = larger;
  }

  async #writeAcrossFiles(batch: Batch): Promise<void> {
    const { fileStarts } = batch;
    for (let next = fileStarts[0]; next !== undefined; next = fileStarts[0]) {
      if (next.at > batch.from) await this.#writeUpTo(batch, next.at);
      await this.#closeCurrent();
      this.#current = await this.#createFile(next.zxid);
      fileStarts.shift();
    }
    await this.#writeUpTo(batch, batch.end);
  }

  /** Writes and syncs `[batch.from, to)`: in parts, if it is longer than recovery expects. */
  #writeUpTo(batch: Batch, to: number): Promise<void> {
    const file = this.#current;
    assert(file !== null, "The first record of a file creates it");
    const partEnd = Math.min(to, batch.from + unsyncedBytesMax);
    const part = new Promise<void>((resolve, reject) => {
      const done = (error: Error | null): void => {
        if (error !== null) {
          reject(error);
          return;
        }
        file.position += partEnd - batch.from;
        batch.from = partEnd;
        resolve();
      };
      this.#writePart(file, batch.bytes.subarray(batch.from, partEnd), done);
    });
    return partEnd === to ? part : part.then(() => this.#writeUpTo(batch, to));
  }

  #writePart(file: OpenFile, part: Buffer, done: (error: Error | null) => void): void {
    const end = file.position + part.length;
    const size = paddedSize(file.fileBytes, end, this.#options.preAllocBytes);
    if (size === file.fileBytes) {
      this.#writeBytes(file, part, 0, done);
      return;
    }
    fs.ftruncate(file.fd, size, (error) => {
      if (error !== null) {
        done(StorageError.from(error, "extend", file.file));
        return;
      }
      file.fileBytes = size;
      this.#writeBytes(file, part, 0, done);
    });
  }

  #writeBytes(
    file: OpenFile,
    part: Buffer,
    from: number,
    done: (error: Error | null) => void,
  ): void {
    const startMs = performance.now();
    fs.write(file.fd, part, from, part.length - from, file.position + from, (error, written) => {
      if (error !== null) {
        done(StorageError.from(error, "write to", file.file));
        return;
      }
      this.stats.syncedBytes += written;
      if (from + written < part.length) {
        this.#writeBytes(file, part, from + written, done);
      } else if (!this.#options.forceSync) {
        done(null);
      } else if (isSyncedByWrite) {
        this.#countSync(file, startMs);
        done(null);
      } else {
        fs.fdatasync(file.fd, (syncError) => {
          this.#countSync(file, startMs);
          done(syncError === null ? null : syncFailure(syncError, file.file));
        });
      }
    });
  }

  #countSync({ file }: OpenFile, startMs: number): void {
    const durationMs = performance.now() - startMs;
    this.stats.syncCount += 1;
    this.stats.lastSyncMs = durationMs;
    this.stats.syncMs.add(durationMs);
    if (durationMs <= this.#options.syncWarningMs) return;
    this.#options.logger.warn("Sync of the transaction log was slow", {
      file,
      durationMs: Math.round(durationMs),
    });
  }

  async #createFile(zxid: bigint): Promise<OpenFile> {
    const file = path.join(this.#options.folder, logFileName(zxid));
    let fd: number | null = null;
    try {
      // Exclusive: recovery and truncation leave no file that a new record could fall into.
      fd = await call<number>((done) => fs.open(file, this.#openFlags(), done));
      const size = paddedSize(logHeaderBytes, logHeaderBytes, this.#options.preAllocBytes);
      await this.#begin(fd, file, size);
      this.#options.logger.debug("Transaction log file created", { file });
      return { fd, file, position: logHeaderBytes, fileBytes: size };
    } catch (error) {
      if (fd !== null) {
        // Nothing is in it yet: the next attempt begins with no such file.
        fs.closeSync(fd);
        await removeFile(file);
      }
      throw StorageError.from(error, `create for zxid ${formatHex(zxid)}`, file);
    }
  }

  /** Writes the header of a new file and makes it durable, with the file's name. */
  async #begin(fd: number, file: string, size: number): Promise<void> {
    const header = encodeLogHeader();
    await call<number>((done) => fs.write(fd, header, 0, logHeaderBytes, 0, done));
    await call<undefined>((done) => fs.ftruncate(fd, size, (error) => done(error, undefined)));
    if (!this.#options.forceSync) return;
    try {
      await call<undefined>((done) => fs.fsync(fd, (error) => done(error, undefined)));
    } catch (error) {
      throw syncFailure(error, file);
    }
    await syncFolder(this.#options.folder);
  }

  #openFlags(): number {
    const { O_CREAT, O_DSYNC, O_EXCL, O_WRONLY } = fs.constants;
    const sync = this.#options.forceSync && isSyncedByWrite ? O_DSYNC : 0;
    return O_WRONLY | O_CREAT | O_EXCL | sync;
  }

  async #closeCurrent(): Promise<void> {
    const current = this.#current;
    if (current === null) return;
    this.#current = null;
    const { fd, file, position } = current;
    try {
      await call<undefined>((done) =>
        fs.ftruncate(fd, position, (error) => done(error, undefined)),
      );
      await call<undefined>((done) => fs.close(fd, (error) => done(error ?? null, undefined)));
    } catch (error) {
      throw this.#fail(StorageError.from(error, "close", file));
    }
  }

  #fail(error: unknown): StorageError {
    if (this.#failure !== null) return this.#failure;
    const folder = this.#options.folder;
    this.#failure = StorageError.from(error, "write to the transaction log in", folder);
    return this.#failure;
  }
}

/** A failed sync is final, whatever the reason: a second one may succeed without the bytes. */
function syncFailure(error: unknown, file: string): StorageError {
  const { message } = StorageError.from(error, "sync", file);
  return new StorageError("io", message, { file, cause: error });
}

/** A callback-style file operation as a promise. */
function call<T>(operation: (done: (error: Error | null, result: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    operation((error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
}
