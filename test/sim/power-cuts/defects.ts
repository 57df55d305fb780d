/**
 * Servers that are wrong on purpose, each in one way that loses, invents or forgets something when
 * the power is cut at the wrong moment. The test has to notice all of them.
 */
import path from "node:path";
import type { FileOps, OpenMode, OpenedFile } from "../../../src/storage/file-ops.ts";
import { FilesBetween } from "../../support/failing-files.ts";
import type { Defect } from "./server-life.ts";

class NoFolderSync extends FilesBetween {
  override async syncFolder(): Promise<void> {
    // The defect: names are left to the system.
  }
}

/** Files opened in this way are never synced. */
class NoFileSync extends FilesBetween {
  readonly #mode: OpenMode;

  constructor(files: FileOps, mode: OpenMode) {
    super(files);
    this.#mode = mode;
  }

  override async open(file: string, mode: OpenMode): Promise<OpenedFile> {
    const opened = await this.files.open(file, mode);
    return mode === this.#mode ? withoutSync(opened) : opened;
  }
}

function withoutSync(opened: OpenedFile): OpenedFile {
  return {
    isSyncedByWrite: opened.isSyncedByWrite,
    size: () => opened.size(),
    read: (target, position) => opened.read(target, position),
    write: (bytes, position) => opened.write(bytes, position),
    truncate: (bytes) => opened.truncate(bytes),
    sync: () => Promise.resolve(),
    syncData: () => Promise.resolve(),
    close: () => opened.close(),
  };
}

/** Says of a plain write that it was synced. */
class WritesNotSynced extends FilesBetween {
  override async open(file: string, mode: OpenMode): Promise<OpenedFile> {
    if (mode !== "create-synced") return this.files.open(file, mode);
    const opened = await this.files.open(file, "create");
    return { ...withoutSync(opened), sync: () => opened.sync(), isSyncedByWrite: true };
  }
}

/** Writes files of some kind under their final names at once. */
class InPlace extends FilesBetween {
  readonly #temporary: RegExp;
  readonly #finalName: string;

  constructor(files: FileOps, temporary: RegExp, finalName: string) {
    super(files);
    this.#temporary = temporary;
    this.#finalName = finalName;
  }

  override open(file: string, mode: OpenMode): Promise<OpenedFile> {
    return this.files.open(file.replace(this.#temporary, this.#finalName), mode);
  }

  override async rename(from: string, to: string): Promise<void> {
    if (this.#temporary.test(from)) return;
    await this.files.rename(from, to);
  }
}

/** Removes all logs but the newest as soon as a snapshot is begun. */
class EarlyPurge extends FilesBetween {
  override async open(file: string, mode: OpenMode): Promise<OpenedFile> {
    if (file.includes("unfinished-snapshot")) {
      const folder = path.dirname(file);
      const names = await this.files.list(folder);
      const logs = names.filter((name) => name.startsWith("log."));
      logs.sort((left, right) => Number(`0x${left.slice(4)}`) - Number(`0x${right.slice(4)}`));
      for (const name of logs.slice(0, -1)) await this.files.remove(path.join(folder, name));
    }
    return this.files.open(file, mode);
  }
}

/** Leaves snapshots there that show what was cut off. */
class KeepsSnapshots extends FilesBetween {
  override async remove(file: string): Promise<void> {
    if (!path.basename(file).startsWith("snapshot.")) await this.files.remove(file);
  }
}

/** Puts a leader's snapshot in place without cutting off the log first. */
class KeepsLogTail extends FilesBetween {
  override async remove(file: string): Promise<void> {
    if (!path.basename(file).startsWith("log.")) await this.files.remove(file);
  }
}

/** Each defect by what it does. */
export const defects: Readonly<Record<string, Defect>> = {
  "folders are not synced": { between: (files) => new NoFolderSync(files) },
  "snapshots and epochs are renamed unsynced": {
    between: (files) => new NoFileSync(files, "replace"),
  },
  "a cut of the log is not synced": { between: (files) => new NoFileSync(files, "update") },
  "the log's writes are not synced": { between: (files) => new WritesNotSynced(files) },
  "nothing of the log is synced": { shape: { forceSync: false } },
  "transactions are acknowledged before the sync": { acknowledgesEarly: true },
  "an epoch is promised before it is written down": { promisesEarly: true },
  "the current epoch is written before the log": { entersEpochsEarly: true },
  "epochs are written in place": {
    between: (files) => new InPlace(files, /Epoch\.tmp$/u, "Epoch"),
  },
  "snapshots are written in place": {
    between: (files) => new InPlace(files, /unfinished-snapshot/u, "snapshot"),
  },
  "logs are purged when a snapshot begins": { between: (files) => new EarlyPurge(files) },
  "snapshots of a replaced history stay": { between: (files) => new KeepsSnapshots(files) },
  "logs of a replaced history stay": { between: (files) => new KeepsLogTail(files) },
};
