/**
 * What becomes of a history that is damaged, in a server that can get it anew: its files are moved
 * into a folder `quarantine-<n>` beside them, never removed, and the server begins without data.
 * It has lost what it acknowledged; so a mark on the disk says, until a leader has given it all,
 * that it must not vote. A crash at any moment leaves the mark, or nothing done.
 *
 * The mark is there before the first file is moved. A start that finds it goes on moving; once
 * all were moved, files of a history are an unfinished copy of the leader's, and are removed. It
 * goes away with the first `currentEpoch`: then the initial history of a leader is on the disk.
 *
 * `acceptedEpoch` stays, if it can be read: it is a promise, whatever else is lost.
 */
import type { Logger } from "../observe/index.ts";
import type { DataFolders } from "./data-folders.ts";
import { readEpochs } from "./epoch-files.ts";
import { isHistoryFile } from "./file-names.ts";
import type { Folder } from "./folder.ts";
import { StorageError, errnoOf } from "./storage-error.ts";

const markName = "quarantined";
const folderPattern = /^quarantine-(\d{1,6})$/;

/** More than any mark takes. */
const markBytesMax = 64;

/** Whether an error says that files contradict their format or each other. */
export function isDamage(error: unknown): error is StorageError {
  if (!(error instanceof StorageError)) return false;
  return (
    error.code === "corrupt-log" ||
    error.code === "corrupt-snapshot" ||
    error.code === "corrupt-epoch"
  );
}

/** The quarantine of one server's folders. */
export class Quarantine {
  readonly #folders: readonly Folder[];
  readonly #home: Folder;
  readonly #logger: Logger;
  #isMarked = false;
  #count = 0;

  constructor({ snapshots, logs }: DataFolders, logger: Logger) {
    this.#home = snapshots;
    this.#folders = snapshots === logs ? [snapshots] : [snapshots, logs];
    this.#logger = logger;
  }

  /** Whether the disk lost its history, and no leader has given another one since. */
  get isMarked(): boolean {
    return this.#isMarked;
  }

  /** How many damaged histories lie in the folders, for people to look at and remove. */
  get count(): number {
    return this.#count;
  }

  /** Goes on where the process before has stopped. */
  async resume(): Promise<void> {
    this.#count = (await this.#numbers()).size;
    const mark = await this.#home.readText(markName, markBytesMax);
    if (mark === null) return;
    this.#isMarked = true;
    const [state, name = ""] = mark.trim().split(" ");
    if (state === "moving" && folderPattern.test(name)) {
      await this.#moveAll(name, await this.#isAcceptedEpochLost());
      return;
    }
    for (const folder of this.#folders) await removeHistory(folder);
  }

  /** Moves the whole history aside because of `damage`. Nothing may be written meanwhile. */
  async begin(damage: StorageError): Promise<void> {
    const name = `quarantine-${Math.max(0, ...(await this.#numbers())) + 1}`;
    this.#logger.error("Damaged history moved aside: all is fetched from the leader anew", {
      file: damage.file,
      offset: damage.offset,
      reason: damage.message,
      folder: this.#home.fileOf(name),
    });
    await this.#home.replaceText(markName, `moving ${name}\n`);
    this.#isMarked = true;
    await this.#moveAll(name, await this.#isAcceptedEpochLost());
    this.#count += 1;
  }

  /** A leader's whole history is on the disk. */
  async end(): Promise<void> {
    if (!this.#isMarked) return;
    await this.#home.removeInOrder([markName]);
    this.#isMarked = false;
    this.#logger.info("The leader's history is here in place of the damaged one");
  }

  /** The numbers of the quarantine folders that are there. */
  async #numbers(): Promise<Set<number>> {
    const numbers = new Set<number>();
    for (const folder of this.#folders) {
      for (const name of await folder.names()) {
        const number = folderPattern.exec(name)?.[1];
        if (number !== undefined) numbers.add(Number(number));
      }
    }
    return numbers;
  }

  async #isAcceptedEpochLost(): Promise<boolean> {
    try {
      await readEpochs(this.#home);
      return false;
    } catch (error) {
      if (isDamage(error)) return error.file === this.#home.fileOf("acceptedEpoch");
      throw error;
    }
  }

  async #moveAll(name: string, isAcceptedEpochLost: boolean): Promise<void> {
    for (const folder of this.#folders) {
      const isMoved = (file: string): boolean =>
        isHistoryFile(file) || (isAcceptedEpochLost && file === "acceptedEpoch");
      await moveInto(folder, name, (await folder.names()).filter(isMoved));
    }
    await this.#home.replaceText(markName, "moved\n");
  }
}

async function moveInto(folder: Folder, name: string, files: readonly string[]): Promise<void> {
  if (files.length === 0) return;
  const target = folder.within(name);
  try {
    await folder.files.createFolder(target.path);
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw StorageError.from(error, "create", target.path);
  }
  await folder.sync();
  for (const file of files) {
    try {
      await folder.files.rename(folder.fileOf(file), target.fileOf(file));
    } catch (error) {
      throw StorageError.from(error, "move aside", folder.fileOf(file));
    }
  }
  await target.sync();
  await folder.sync();
}

async function removeHistory(folder: Folder): Promise<void> {
  const files = (await folder.names()).filter(isHistoryFile);
  for (const file of files) await folder.remove(file);
  if (files.length > 0) await folder.sync();
}
