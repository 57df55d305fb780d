/**
 * One life of a server's storage, from a start to a loss of power: opens and recovers it, and does
 * what a busy server does to it, in the orders that `zab/ready.ts` asks for. What it does to the
 * disk, and what it is told to be durable, is recorded.
 */
import { assert, randomInt } from "../../../src/base/index.ts";
import type { Random } from "../../../src/base/index.ts";
import type { FileOps } from "../../../src/storage/file-ops.ts";
import { StorageError } from "../../../src/storage/index.ts";
import type { Storage } from "../../../src/storage/index.ts";
import { zxidEpoch } from "../../../src/wire/index.ts";
import { MemoryFiles } from "../../support/memory-files.ts";
import type { DiskContents } from "../../support/memory-files.ts";
import { PowerCutDisk } from "../../support/power-cut-disk.ts";
import { RecordingFiles } from "../../support/recording-files.ts";
import type { Step } from "../../support/recording-files.ts";
import { encodeToken, openStorage, recoverState, snapshotOf } from "./disk-state.ts";
import type { StorageShape } from "./disk-state.ts";
import { ExpectedHistory, nextChain } from "./history.ts";
import type { Found, Note, Place } from "./history.ts";

/** What a server does, each with its share. */
export interface Habits {
  readonly batch: number;
  readonly snapshot: number;
  readonly epoch: number;
  readonly restart: number;
}

/** What is wrong with a server on purpose: to show that the test notices. */
export interface Defect {
  readonly shape?: Partial<StorageShape>;
  /** Puts something between the storage and its disk. */
  readonly between?: (files: FileOps) => FileOps;
  readonly acknowledgesEarly?: boolean;
  readonly promisesEarly?: boolean;
  readonly entersEpochsEarly?: boolean;
}

export interface LifeOptions {
  readonly disk: DiskContents;
  readonly random: Random;
  readonly shape: StorageShape;
  readonly habits: Habits;
  /** How many things the server does. */
  readonly actions: number;
  readonly defect: Defect;
}

/** What a life has left. */
export interface Recording {
  readonly steps: readonly Step<Note>[];
  /** What the server found at its start. */
  readonly found: Found;
}

/** Lives one life. */
export async function liveOnce(options: LifeOptions): Promise<Recording> {
  const { disk, random, shape, defect } = options;
  const memory = new MemoryFiles(disk, random);
  const recorder = new RecordingFiles<Note>(memory, new PowerCutDisk(disk).ids);
  const files = defect.between?.(recorder) ?? recorder;
  const start = async (): Promise<Storage> => openStorage(files, { ...shape, ...defect.shape });
  const storage = await start();
  const found = await recoverState(storage);
  const life = new ServerLife({ ...options, recorder, storage, start, found });
  await life.beginEpoch();
  for (let count = 0; count < options.actions; count++) await life.act();
  await life.end();
  return { steps: recorder.steps, found };
}

interface LifeContext extends LifeOptions {
  readonly recorder: RecordingFiles<Note>;
  readonly storage: Storage;
  readonly start: () => Promise<Storage>;
  readonly found: Found;
}

class ServerLife {
  readonly #context: LifeContext;
  readonly #random: Random;
  readonly #history: ExpectedHistory;
  #storage: Storage;
  #epoch: number;
  #syncs: Promise<void>[] = [];
  #snapshot: Promise<void> | undefined;

  constructor(context: LifeContext) {
    this.#context = context;
    this.#random = context.random;
    this.#storage = context.storage;
    this.#history = new ExpectedHistory(context.found);
    this.#epoch = context.found.acceptedEpoch;
  }

  async act(): Promise<void> {
    const { batch, snapshot, epoch, restart } = this.#context.habits;
    let choice = randomInt(this.#random, 0, batch + snapshot + epoch + restart);
    const isDue = (share: number): boolean => {
      choice -= share;
      return choice < 0;
    };
    if (isDue(batch)) await this.#writeBatch();
    else if (isDue(snapshot)) this.#beginSnapshot();
    else if (isDue(epoch)) await this.beginEpoch();
    else await this.#restart();
  }

  async end(): Promise<void> {
    await this.#settle();
    await this.#snapshot;
  }

  async #writeBatch(): Promise<void> {
    this.#append(randomInt(this.#random, 1, 12));
    const { zxid } = this.#history.last;
    if (this.#context.defect.acknowledgesEarly === true) this.#note({ kind: "synced", zxid });
    const sync = this.#storage.sync().then(() => this.#note({ kind: "synced", zxid }));
    this.#syncs.push(sync);
    // One batch is gathered while the one before is written.
    if (this.#syncs.length > 1) await this.#syncs.shift();
  }

  #append(count: number): void {
    for (; count > 0; count--) {
      const { zxid: lastZxid, chain: lastChain } = this.#history.last;
      const isNewEpoch = zxidEpoch(lastZxid) < this.#epoch;
      const zxid = isNewEpoch ? (BigInt(this.#epoch) << 32n) | 1n : lastZxid + 1n;
      const token = randomInt(this.#random, 0, 0x40000000);
      // Some are longer than a sector, few than a file.
      const bytes = this.#random.next() < 0.9 ? randomInt(this.#random, 4, 120) : 1500;
      this.#note({ kind: "append", place: { zxid, chain: nextChain(lastChain, zxid, token) } });
      this.#storage.append(zxid, encodeToken(zxid, token, bytes));
    }
  }

  /** In the background, as a server does. */
  #beginSnapshot(): void {
    if (this.#snapshot !== undefined) return;
    const place = this.#history.durable;
    this.#storage.rollLog();
    const body = snapshotOf(place, randomInt(this.#random, 0, 40));
    this.#snapshot = this.#storage
      .writeSnapshot(body, { lastProcessedZxid: place.zxid })
      .then(() => this.#storage.purge())
      .catch(ignoreCancelled)
      .finally(() => {
        this.#snapshot = undefined;
      });
  }

  /** Follows a new leader: takes its history over, and enters its epoch. */
  async beginEpoch(): Promise<void> {
    await this.#settle();
    this.#epoch += randomInt(this.#random, 1, 3);
    await this.#accept(this.#epoch);
    const chance = this.#random.next();
    if (chance < 0.35) await this.#truncate();
    else if (chance < 0.6) await this.#install();
    if (this.#random.next() < 0.7) {
      // What the leader has and this server lacks: of earlier epochs, or of the new one already.
      const isOfNewEpoch = this.#random.next() < 0.3;
      const epoch = this.#epoch;
      if (!isOfNewEpoch) this.#epoch = Math.max(1, zxidEpoch(this.#history.last.zxid));
      this.#append(randomInt(this.#random, 1, 6));
      this.#epoch = epoch;
    }
    const { zxid } = this.#history.last;
    if (this.#context.defect.entersEpochsEarly === true) await this.#enter(this.#epoch);
    await this.#storage.sync();
    this.#note({ kind: "synced", zxid });
    if (this.#context.defect.entersEpochsEarly !== true) await this.#enter(this.#epoch);
  }

  async #accept(epoch: number): Promise<void> {
    this.#note({ kind: "accepting", epoch });
    if (this.#context.defect.promisesEarly === true) this.#note({ kind: "accepted", epoch });
    await this.#storage.saveAcceptedEpoch(epoch);
    this.#note({ kind: "accepted", epoch });
  }

  async #enter(epoch: number): Promise<void> {
    this.#note({ kind: "entering", epoch });
    await this.#storage.saveCurrentEpoch(epoch);
    this.#note({ kind: "entered", epoch });
  }

  async #truncate(): Promise<void> {
    const { zxid } = this.#earlierPlace();
    this.#note({ kind: "truncating", zxid });
    try {
      await this.#storage.truncate(zxid);
    } catch (error) {
      // Nothing was changed: the leader sends a snapshot instead.
      assert(error instanceof StorageError && error.code === "missing-snapshot", String(error));
      return this.#install();
    }
    this.#note({ kind: "truncated", zxid });
    const found = await recoverState(this.#storage);
    if (found.zxid !== zxid || found.chain !== this.#history.last.chain) {
      throw new Error(`Cut at ${zxid.toString(16)}, found ${found.zxid.toString(16)}`);
    }
  }

  async #install(): Promise<void> {
    const place = this.#random.next() < 0.3 ? this.#earlierPlace() : this.#laterPlace();
    this.#note({ kind: "installing", place });
    const body = snapshotOf(place, randomInt(this.#random, 0, 40));
    await this.#storage.installSnapshot(body, { lastProcessedZxid: place.zxid });
    this.#note({ kind: "installed", place });
  }

  /** Where a leader's history ends that is a part of this server's. */
  #earlierPlace(): Place {
    const { places, last } = this.#history;
    const back = randomInt(this.#random, 0, Math.min(places.length, 30));
    return places[places.length - 1 - back] ?? last;
  }

  /** Where a leader's history ends that has gone on without this server. */
  #laterPlace(): Place {
    const counter = BigInt(randomInt(this.#random, 1, 1000));
    const zxid = (BigInt(this.#epoch) << 32n) | counter;
    return { zxid, chain: randomInt(this.#random, 1, 0x40000000) };
  }

  async #restart(): Promise<void> {
    await this.end();
    await this.#storage.close();
    this.#storage = await this.#context.start();
    const found = await recoverState(this.#storage);
    const violation = this.#history.violation(found);
    if (violation !== null) throw new Error(`After an orderly restart: ${violation}`);
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#syncs);
    this.#syncs = [];
  }

  #note(note: Note): void {
    this.#context.recorder.note(note);
    this.#history.apply(note);
  }
}

function ignoreCancelled(error: unknown): void {
  const isExpected =
    error instanceof StorageError && (error.code === "cancelled" || error.code === "closed");
  if (!isExpected) throw error;
}
