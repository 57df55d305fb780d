/**
 * What a disk may hold after its power was cut: fed with the steps that a storage took, it knows
 * what is durable and what is not, and makes up disks that a real file system could show.
 *
 * Durable is what POSIX promises, and no more: a file's bytes and size after a sync of the file,
 * a name after a sync of its folder. Of everything else any part may be there. Of a write that was
 * not synced: nothing, all, its beginning up to any byte, or any of its sectors, the others being
 * what they were before, or zeros where the file has grown. Of names that were not synced: any of
 * the changes, in a journal's order or not; but a rename is done or not done, never half.
 */
import path from "node:path";
import { randomInt } from "../../src/base/index.ts";
import type { Random } from "../../src/base/index.ts";
import type { DiskContents } from "./memory-files.ts";
import type { FileId, Step } from "./recording-files.ts";

/** How much of what is not durable a cut leaves. */
export const survivals = ["nothing", "everything", "names", "bytes", "some"] as const;
export type Survival = (typeof survivals)[number];

const sectorBytes = 512;

type FileChange =
  | { readonly kind: "write"; readonly position: number; readonly bytes: Buffer }
  | { readonly kind: "truncate"; readonly bytes: number };

type NameChange =
  | { readonly kind: "create"; readonly path: string; readonly id: FileId }
  | { readonly kind: "rename"; readonly from: string; readonly to: string; readonly id: FileId }
  | { readonly kind: "remove"; readonly path: string; readonly id: FileId };

/** Something not durable, with the index of its step. */
interface Pending<Change> {
  readonly at: number;
  readonly change: Change;
}

interface FileState {
  bytes: Buffer;
  pending: Pending<FileChange>[];
}

/** A disk whose power may be cut. */
export class PowerCutDisk {
  readonly #files = new Map<FileId, FileState>();
  /** Durable names of files. */
  readonly #names = new Map<string, FileId>();
  /** Folders are made before anything is promised: they count as durable at once. */
  readonly #folders = new Set<string>();
  /** Changes of names that are not durable, of all folders, in order. */
  #renamed: Pending<NameChange>[] = [];
  #stepCount = 0;

  /** @param contents what is on the disk, durably. */
  constructor(contents: DiskContents = new Map()) {
    let id = 0;
    for (const [name, bytes] of contents) {
      if (bytes === null) {
        this.#folders.add(name);
        continue;
      }
      id += 1;
      this.#files.set(id, { bytes, pending: [] });
      this.#names.set(name, id);
    }
  }

  /** For a recorder that begins where this disk stands. */
  get ids(): ReadonlyMap<string, FileId> {
    return this.#names;
  }

  apply(step: Step<unknown>): void {
    const at = this.#stepCount;
    this.#stepCount += 1;
    switch (step.kind) {
      case "create":
        this.#files.set(step.id, { bytes: Buffer.alloc(0), pending: [] });
        this.#renamed.push({ at, change: step });
        break;
      case "rename":
      case "remove":
        this.#renamed.push({ at, change: step });
        break;
      case "create-folder":
        this.#folders.add(step.path);
        break;
      case "write":
      case "truncate":
        this.#files.get(step.id)?.pending.push({ at, change: step });
        break;
      case "sync":
        this.#sync(step.id, step.covers);
        break;
      case "sync-folder":
        this.#syncFolder(step.path, step.covers);
        break;
      case "note":
        break;
    }
  }

  /** Whether anything would be lost that was begun. */
  get isAllDurable(): boolean {
    if (this.#renamed.length > 0) return false;
    for (const { pending } of this.#files.values()) if (pending.length > 0) return false;
    return true;
  }

  /** A disk that the server may find after a cut now. */
  cut(survival: Survival, random: Random): DiskContents {
    const contents = new Map<string, Buffer | null>();
    for (const folder of this.#folders) contents.set(folder, null);
    for (const [name, id] of this.#namesAfter(survival, random)) {
      const file = this.#files.get(id);
      if (file !== undefined) contents.set(name, bytesAfter(file, survival, random));
    }
    return contents;
  }

  #sync(id: FileId, covers: number): void {
    const file = this.#files.get(id);
    if (file === undefined) return;
    for (const { at, change } of file.pending) {
      if (at < covers) file.bytes = changed(file.bytes, change);
    }
    file.pending = file.pending.filter(({ at }) => at >= covers);
  }

  #syncFolder(folder: string, covers: number): void {
    const isCovered = ({ at, change }: Pending<NameChange>): boolean =>
      at < covers && path.dirname(change.kind === "rename" ? change.to : change.path) === folder;
    for (const pending of this.#renamed) {
      if (isCovered(pending)) rename(this.#names, pending.change);
    }
    this.#renamed = this.#renamed.filter((pending) => !isCovered(pending));
  }

  #namesAfter(survival: Survival, random: Random): ReadonlyMap<string, FileId> {
    if (survival === "nothing" || survival === "bytes") return this.#names;
    const names = new Map(this.#names);
    // A journal keeps the order of changes; nobody promises one.
    const hasJournal = random.next() < 0.5;
    const survivors = randomInt(random, 0, this.#renamed.length + 1);
    this.#renamed.forEach(({ change }, index) => {
      const isKept = survival !== "some" || (hasJournal ? index < survivors : random.next() < 0.5);
      if (isKept) rename(names, change);
    });
    return names;
  }
}

function rename(names: Map<string, FileId>, change: NameChange): void {
  switch (change.kind) {
    case "create":
      names.set(change.path, change.id);
      break;
    case "rename":
      if (names.get(change.from) === change.id) names.delete(change.from);
      names.set(change.to, change.id);
      break;
    case "remove":
      if (names.get(change.path) === change.id) names.delete(change.path);
      break;
  }
}

function bytesAfter(file: FileState, survival: Survival, random: Random): Buffer {
  let { bytes } = file;
  for (const { change } of file.pending) {
    if (survival === "nothing") continue;
    if (survival === "everything" || survival === "bytes") bytes = changed(bytes, change);
    else if (survival === "names") bytes = grown(bytes, change);
    else bytes = partlyChanged(bytes, change, random);
  }
  return bytes;
}

function changed(bytes: Buffer, change: FileChange): Buffer {
  const isTruncation = change.kind === "truncate";
  const end = isTruncation ? change.bytes : change.position + change.bytes.length;
  const result = Buffer.alloc(isTruncation ? end : Math.max(bytes.length, end));
  bytes.copy(result);
  if (!isTruncation) change.bytes.copy(result, change.position);
  return result;
}

/** The file has its new size already, and not its new bytes. */
function grown(bytes: Buffer, change: FileChange): Buffer {
  if (change.kind === "truncate") return changed(bytes, change);
  const end = change.position + change.bytes.length;
  return end > bytes.length ? changed(bytes, { kind: "truncate", bytes: end }) : bytes;
}

function partlyChanged(bytes: Buffer, change: FileChange, random: Random): Buffer {
  const chance = random.next();
  if (chance < 0.25) return bytes;
  if (chance < 0.4) return grown(bytes, change);
  if (chance < 0.55 || change.kind === "truncate") return changed(bytes, change);
  if (chance < 0.75) {
    const part = change.bytes.subarray(0, randomInt(random, 0, change.bytes.length));
    return changed(bytes, { ...change, bytes: part });
  }
  let result = grown(bytes, change);
  for (let from = 0; from < change.bytes.length;) {
    const position = change.position + from;
    const to = from + sectorBytes - (position % sectorBytes);
    const sector = change.bytes.subarray(from, to);
    if (random.next() < 0.5) result = changed(result, { kind: "write", position, bytes: sector });
    from = to;
  }
  return result;
}
