/**
 * One log file while it is written: begun with its header, extended in steps ahead of its records
 * so that a sync seldom has a new file size to write down, and closed without the rest of its last
 * step. Which records go into which file is `txn-log.ts`'s business; format: `log-format.ts`.
 */
import type { OpenedFile } from "./file-ops.ts";
import { logFileName } from "./file-names.ts";
import type { Folder } from "./folder.ts";
import { encodeLogHeader, logHeaderBytes, paddedSize } from "./log-format.ts";
import { StorageError, isOutOfSpace } from "./storage-error.ts";

/** How a log file is written. */
export interface LogFileOptions {
  readonly folder: Folder;
  /** Step in which the file is extended; 0 for none. */
  readonly preAllocBytes: number;
  /** Whether what is written is durable when `write` resolves. */
  readonly forceSync: boolean;
}

/** An open log file. */
export class LogFileWriter {
  /** Absolute path. */
  readonly file: string;
  readonly #options: LogFileOptions;
  readonly #opened: OpenedFile;
  /** Where the next record goes. */
  #position = logHeaderBytes;
  /** Size including padding. */
  #fileBytes = 0;

  private constructor(file: string, opened: OpenedFile, options: LogFileOptions) {
    this.file = file;
    this.#opened = opened;
    this.#options = options;
  }

  /**
   * Begins the file whose first record will have `zxid`: durably, with its header and its name.
   * @throws StorageError with no such file left.
   */
  static async create(zxid: bigint, options: LogFileOptions): Promise<LogFileWriter> {
    const { folder, forceSync } = options;
    const name = logFileName(zxid);
    const file = folder.fileOf(name);
    let opened: OpenedFile;
    try {
      // Exclusive: recovery and truncation leave no file that a new record could fall into.
      opened = await folder.files.open(file, forceSync ? "create-synced" : "create");
    } catch (error) {
      throw StorageError.from(error, "create", file);
    }
    const writer = new LogFileWriter(file, opened, options);
    try {
      await writer.#begin();
      return writer;
    } catch (error) {
      // Nothing is in it yet: the next attempt begins with no such file.
      await opened.close();
      await folder.remove(name);
      throw StorageError.from(error, "begin", file);
    }
  }

  /** Offset behind the last record that was written, and synced if it is to be. */
  get endOffset(): number {
    return this.#position;
  }

  /**
   * Writes `bytes` behind those before; when it resolves they are durable, unless `forceSync` is
   * off. After a failure the same bytes may be written again, over whatever is there of them.
   * @throws StorageError `no-space`; any other one is final.
   */
  async write(bytes: Buffer): Promise<void> {
    const end = this.#position + bytes.length;
    const size = paddedSize(this.#fileBytes, end, this.#options.preAllocBytes);
    try {
      if (size !== this.#fileBytes) await this.#opened.truncate(size);
      this.#fileBytes = size;
      let from = 0;
      while (from < bytes.length) {
        const rest = from === 0 ? bytes : bytes.subarray(from);
        from += await this.#opened.write(rest, this.#position + from);
      }
    } catch (error) {
      const failure = StorageError.from(error, "write to", this.file);
      if (isOutOfSpace(failure) || !this.#opened.isSyncedByWrite) throw failure;
      throw StorageError.ofSync(error, this.file);
    }
    if (this.#options.forceSync && !this.#opened.isSyncedByWrite) await this.#syncData();
    this.#position = end;
  }

  /** Drops the padding and closes the file. @throws StorageError */
  async finish(): Promise<void> {
    try {
      await this.#opened.truncate(this.#position);
      await this.#opened.close();
    } catch (error) {
      throw StorageError.from(error, "close", this.file);
    }
  }

  /** Closes the file as it is. */
  async abandon(): Promise<void> {
    await this.#opened.close();
  }

  async #begin(): Promise<void> {
    const { preAllocBytes, forceSync, folder } = this.#options;
    await this.#opened.write(encodeLogHeader(), 0);
    this.#fileBytes = paddedSize(logHeaderBytes, logHeaderBytes, preAllocBytes);
    await this.#opened.truncate(this.#fileBytes);
    if (!forceSync) return;
    try {
      await this.#opened.sync();
    } catch (error) {
      throw StorageError.ofSync(error, this.file);
    }
    await folder.sync();
  }

  async #syncData(): Promise<void> {
    try {
      await this.#opened.syncData();
    } catch (error) {
      throw StorageError.ofSync(error, this.file);
    }
  }
}
