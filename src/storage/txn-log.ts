/**
 * The writing end of the transaction log. `append` gathers records in memory; `sync` writes all
 * that has gathered with one write and one sync. While it is under way the next batch gathers in a
 * second buffer. Writing itself: `log-file-writer.ts`. Format: `log-format.ts`.
 *
 * A file is named after its first record and so is created with it; every start of the server,
 * `roll` and the size limit begin a new file.
 *
 * A write that fails for want of space (`no-space`) is no loss: the batch stays in memory, and the
 * next `sync` writes it again from where the last durable part ended, over whatever a half-done
 * write left there. After any other failed write or sync nothing more is accepted: what the system
 * still holds in memory of a failed sync may be gone, and only a new start reads what is really on
 * the disk.
 */
import { assert } from "../base/index.ts";
import { Summary } from "../observe/index.ts";
import type { Logger } from "../observe/index.ts";
import { payloadZxid } from "../wire/index.ts";
import type { Folder } from "./folder.ts";
import { unsyncedBytesMax } from "./log-damage-format.ts";
import { LogFileWriter } from "./log-file-writer.ts";
import {
  encodeRecord,
  logHeaderBytes,
  payloadBytesMax,
  payloadBytesMin,
  recordOverheadBytes,
} from "./log-format.ts";
import { StorageError, isOutOfSpace } from "./storage-error.ts";

/** How a log is written. */
export interface TxnLogOptions {
  /** Folder of the log files. Must exist. */
  readonly folder: Folder;
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

/** Appends to the newest log file. */
export class TxnLog {
  readonly stats: TxnLogStats = {
    syncCount: 0,
    syncedBytes: 0,
    lastSyncMs: 0,
    syncMs: new Summary(),
  };
  readonly #options: TxnLogOptions;
  #current: LogFileWriter | null = null;
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

  /** Offset behind the last record in `file` if that is being written; null for any other. */
  endOf(file: string): number | null {
    return this.#current?.file === file ? this.#current.endOffset : null;
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
    this.#syncing = this.#writeFiles(batch).then(
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
    return this.#syncing;
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
  async abandon(): Promise<void> {
    const current = this.#current;
    this.#current = null;
    await current?.abandon();
  }

  #reserve(bytes: number): void {
    const needed = this.#gatheredBytes + bytes;
    if (needed <= this.#gathering.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#gathering.length * 2));
    this.#gathering.copy(larger, 0, 0, this.#gatheredBytes);
    this.#gathering = larger;
  }

  async #writeFiles(batch: Batch): Promise<void> {
    const { fileStarts } = batch;
    for (let next = fileStarts[0]; next !== undefined; next = fileStarts[0]) {
      await this.#writeUpTo(batch, next.at);
      await this.#closeCurrent();
      this.#current = await this.#createFile(next.zxid);
      fileStarts.shift();
    }
    await this.#writeUpTo(batch, batch.end);
  }

  /** Writes and syncs `[batch.from, to)`: in parts, if it is longer than recovery expects. */
  async #writeUpTo(batch: Batch, to: number): Promise<void> {
    const file = this.#current;
    while (batch.from < to) {
      assert(file !== null, "The first record of a file creates it");
      const partEnd = Math.min(to, batch.from + unsyncedBytesMax);
      const startMs = performance.now();
      await file.write(batch.bytes.subarray(batch.from, partEnd));
      this.#countSync(file, { bytes: partEnd - batch.from, startMs });
      batch.from = partEnd;
    }
  }

  #countSync(
    { file }: LogFileWriter,
    { bytes, startMs }: { bytes: number; startMs: number },
  ): void {
    this.stats.syncedBytes += bytes;
    if (!this.#options.forceSync) return;
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

  async #createFile(zxid: bigint): Promise<LogFileWriter> {
    const created = await LogFileWriter.create(zxid, this.#options);
    this.#options.logger.debug("Transaction log file created", { file: created.file });
    return created;
  }

  async #closeCurrent(): Promise<void> {
    const current = this.#current;
    if (current === null) return;
    this.#current = null;
    try {
      await current.finish();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #fail(error: unknown): StorageError {
    if (this.#failure !== null) return this.#failure;
    const folder = this.#options.folder.path;
    this.#failure = StorageError.from(error, "write to the transaction log in", folder);
    return this.#failure;
  }
}
