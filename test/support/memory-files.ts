/**
 * A file system in memory, for tests that start on thousands of disks. It never loses anything by
 * itself: what a loss of power leaves is `power-cut-disk.ts`'s business. Every operation takes
 * effect at once and resolves a little later, so that operations under way overlap as they do on a
 * real disk.
 */
import path from "node:path";
import { randomInt } from "../../src/base/index.ts";
import type { Random } from "../../src/base/index.ts";
import type { FileOps, HeldLock, OpenMode, OpenedFile } from "../../src/storage/file-ops.ts";

/** Contents by absolute path; null is a folder. */
export type DiskContents = ReadonlyMap<string, Buffer | null>;

interface MemoryFile {
  bytes: Buffer;
  /** Whether `bytes` belong to somebody else, and are copied before they change. */
  isShared: boolean;
}

/** An error as the system makes them. */
export function systemError(code: string, file: string): Error {
  return Object.assign(new Error(`${code}: '${file}'`), { code });
}

/** Files and folders in memory. */
export class MemoryFiles implements FileOps {
  readonly #entries = new Map<string, MemoryFile | null>([["/", null]]);
  readonly #random: Random | undefined;

  /** @param random how long operations take; without it they end as soon as they can. */
  constructor(contents: DiskContents = new Map(), random?: Random) {
    this.#random = random;
    for (const [name, bytes] of contents) {
      this.#entries.set(name, bytes === null ? null : { bytes, isShared: true });
    }
  }

  /** What is there now; the buffers are not to be changed. */
  contents(): DiskContents {
    const contents = new Map<string, Buffer | null>();
    for (const [name, file] of this.#entries) {
      if (file !== null) file.isShared = true;
      contents.set(name, file?.bytes ?? null);
    }
    return contents;
  }

  async open(file: string, mode: OpenMode): Promise<OpenedFile> {
    const found = this.#entries.get(file);
    if (found === null) throw systemError("EISDIR", file);
    if (mode === "read" || mode === "update") {
      if (found === undefined) throw systemError("ENOENT", file);
      await this.settle();
      return new OpenedMemoryFile(this, found, false);
    }
    if (found !== undefined && mode !== "replace") throw systemError("EEXIST", file);
    if (this.#entries.get(path.dirname(file)) !== null) throw systemError("ENOENT", file);
    const target = found ?? { bytes: Buffer.alloc(0), isShared: false };
    target.bytes = Buffer.alloc(0);
    this.#entries.set(file, target);
    await this.settle();
    return new OpenedMemoryFile(this, target, mode === "create-synced");
  }

  async list(folder: string): Promise<string[]> {
    if (this.#entries.get(folder) !== null) throw systemError("ENOENT", folder);
    const names: string[] = [];
    for (const entry of this.#entries.keys()) {
      if (entry !== folder && path.dirname(entry) === folder) names.push(path.basename(entry));
    }
    await this.settle();
    return names;
  }

  async exists(file: string): Promise<boolean> {
    return this.#entries.has(file);
  }

  async rename(from: string, to: string): Promise<void> {
    const file = this.#entries.get(from);
    if (file === undefined) throw systemError("ENOENT", from);
    this.#entries.delete(from);
    this.#entries.set(to, file);
    await this.settle();
  }

  async remove(file: string): Promise<void> {
    if (!this.#entries.delete(file)) throw systemError("ENOENT", file);
    await this.settle();
  }

  async createFolder(folder: string): Promise<void> {
    if (this.#entries.has(folder)) throw systemError("EEXIST", folder);
    this.#entries.set(folder, null);
    await this.settle();
  }

  async syncFolder(folder: string): Promise<void> {
    if (this.#entries.get(folder) !== null) throw systemError("ENOENT", folder);
    await this.settle();
  }

  async lock(): Promise<HeldLock> {
    return { release: () => Promise.resolve() };
  }

  /** Ends after a little while. */
  async settle(): Promise<void> {
    if (this.#random === undefined) return;
    for (let hops = randomInt(this.#random, 0, 24); hops > 0; hops--) await Promise.resolve();
  }
}

class OpenedMemoryFile implements OpenedFile {
  readonly isSyncedByWrite: boolean;
  readonly #files: MemoryFiles;
  readonly #file: MemoryFile;

  constructor(files: MemoryFiles, file: MemoryFile, isSyncedByWrite: boolean) {
    this.#files = files;
    this.#file = file;
    this.isSyncedByWrite = isSyncedByWrite;
  }

  async size(): Promise<number> {
    return this.#file.bytes.length;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    const part = this.#file.bytes.subarray(position, position + target.length);
    target.set(part);
    await this.#files.settle();
    return part.length;
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    this.#resize(Math.max(this.#file.bytes.length, position + bytes.length));
    this.#file.bytes.set(bytes, position);
    await this.#files.settle();
    return bytes.length;
  }

  async truncate(bytes: number): Promise<void> {
    this.#resize(bytes);
    await this.#files.settle();
  }

  sync(): Promise<void> {
    return this.#files.settle();
  }

  syncData(): Promise<void> {
    return this.#files.settle();
  }

  async close(): Promise<void> {
    // Nothing is held.
  }

  #resize(size: number): void {
    const { bytes, isShared } = this.#file;
    if (size === bytes.length && !isShared) return;
    const resized = Buffer.alloc(size);
    bytes.copy(resized);
    this.#file.bytes = resized;
    this.#file.isShared = false;
  }
}
