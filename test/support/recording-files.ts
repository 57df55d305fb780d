/**
 * Writes down what a storage does to its disk, step by step, on whatever file system it works. A
 * change is written down when it begins (from then on a loss of power may leave any part of it), a
 * sync when it has ended, with how far it reached. Notes of the test stand between the steps.
 */
import type { FileOps, HeldLock, OpenMode, OpenedFile } from "../../src/storage/file-ops.ts";

/** Names a file for its life, whatever it is called. */
export type FileId = number;

/** One step. `covers` counts the steps before the sync began: later ones it says nothing of. */
export type Step<Note> =
  | { readonly kind: "create"; readonly path: string; readonly id: FileId }
  | { readonly kind: "create-folder"; readonly path: string }
  | { readonly kind: "rename"; readonly from: string; readonly to: string; readonly id: FileId }
  | { readonly kind: "remove"; readonly path: string; readonly id: FileId }
  | {
      readonly kind: "write";
      readonly id: FileId;
      readonly position: number;
      readonly bytes: Buffer;
    }
  | { readonly kind: "truncate"; readonly id: FileId; readonly bytes: number }
  | { readonly kind: "sync"; readonly id: FileId; readonly covers: number }
  | { readonly kind: "sync-folder"; readonly path: string; readonly covers: number }
  | { readonly kind: "note"; readonly note: Note };

/** A file system that remembers. */
export class RecordingFiles<Note = never> implements FileOps {
  readonly steps: Step<Note>[] = [];
  readonly #files: FileOps;
  readonly #ids = new Map<string, FileId>();
  #nextId: FileId;

  /** @param ids the files that are there already. */
  constructor(files: FileOps, ids: ReadonlyMap<string, FileId> = new Map()) {
    this.#files = files;
    for (const [path, id] of ids) this.#ids.set(path, id);
    this.#nextId = Math.max(0, ...ids.values()) + 1;
  }

  note(note: Note): void {
    this.steps.push({ kind: "note", note });
  }

  async open(file: string, mode: OpenMode): Promise<OpenedFile> {
    let id = this.#ids.get(file);
    const isNew = id === undefined && mode !== "read" && mode !== "update";
    if (isNew) {
      id = this.#nextId;
      this.#nextId += 1;
      this.#ids.set(file, id);
      this.steps.push({ kind: "create", path: file, id });
    } else if (mode === "replace" && id !== undefined) {
      this.steps.push({ kind: "truncate", id, bytes: 0 });
    }
    return new RecordedFile(this.steps, await this.#files.open(file, mode), id ?? -1);
  }

  list(folder: string): Promise<string[]> {
    return this.#files.list(folder);
  }

  exists(file: string): Promise<boolean> {
    return this.#files.exists(file);
  }

  rename(from: string, to: string): Promise<void> {
    const id = this.#ids.get(from);
    if (id !== undefined) {
      this.#ids.delete(from);
      this.#ids.set(to, id);
      this.steps.push({ kind: "rename", from, to, id });
    }
    return this.#files.rename(from, to);
  }

  remove(file: string): Promise<void> {
    const id = this.#ids.get(file);
    if (id !== undefined) {
      this.#ids.delete(file);
      this.steps.push({ kind: "remove", path: file, id });
    }
    return this.#files.remove(file);
  }

  createFolder(folder: string): Promise<void> {
    this.steps.push({ kind: "create-folder", path: folder });
    return this.#files.createFolder(folder);
  }

  async syncFolder(folder: string): Promise<void> {
    const covers = this.steps.length;
    await this.#files.syncFolder(folder);
    this.steps.push({ kind: "sync-folder", path: folder, covers });
  }

  lock(folder: string): Promise<HeldLock> {
    return this.#files.lock(folder);
  }
}

class RecordedFile<Note> implements OpenedFile {
  readonly #steps: Step<Note>[];
  readonly #opened: OpenedFile;
  readonly #id: FileId;

  constructor(steps: Step<Note>[], opened: OpenedFile, id: FileId) {
    this.#steps = steps;
    this.#opened = opened;
    this.#id = id;
  }

  get isSyncedByWrite(): boolean {
    return this.#opened.isSyncedByWrite;
  }

  size(): Promise<number> {
    return this.#opened.size();
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return this.#opened.read(target, position);
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    this.#steps.push({ kind: "write", id: this.#id, position, bytes: Buffer.from(bytes) });
    const covers = this.#steps.length;
    const written = await this.#opened.write(bytes, position);
    if (this.isSyncedByWrite) this.#steps.push({ kind: "sync", id: this.#id, covers });
    return written;
  }

  truncate(bytes: number): Promise<void> {
    this.#steps.push({ kind: "truncate", id: this.#id, bytes });
    return this.#opened.truncate(bytes);
  }

  async sync(): Promise<void> {
    const covers = this.#steps.length;
    await this.#opened.sync();
    this.#steps.push({ kind: "sync", id: this.#id, covers });
  }

  async syncData(): Promise<void> {
    const covers = this.#steps.length;
    await this.#opened.syncData();
    this.#steps.push({ kind: "sync", id: this.#id, covers });
  }

  close(): Promise<void> {
    return this.#opened.close();
  }
}
