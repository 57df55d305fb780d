/**
 * File operations of simulated processes under way: each takes its time on its machine's disk and
 * takes effect at its end. One that is under way when its process ends may have had its effect or
 * not, and whoever watches may end the process between any two operations.
 */
import { randomInt } from "../../../src/base/index.ts";
import type { Random } from "../../../src/base/index.ts";
import { systemError } from "./disk.ts";
import type { Disk } from "./disk.ts";
import { currentProcess } from "./process.ts";
import type { Process } from "./process.ts";
import type { SimFile } from "./sim-file.ts";

/** How long operations take, in ms. */
export interface DiskTimes {
  readonly syncMinMs: number;
  readonly syncMaxMs: number;
}

/** What an operation does to the disk, for how long it takes. */
export type OperationKind = "read" | "change" | "sync";

export interface OpenFile {
  readonly disk: Disk;
  readonly path: string;
  /** Undefined for a folder. */
  readonly file: SimFile | undefined;
  readonly isSynced: boolean;
  position: number;
}

export class FileOperations {
  readonly disk: Disk;
  readonly #random: Random;
  readonly #times: DiskTimes;
  readonly #open = new Map<number, OpenFile>();
  readonly #underWay = new Set<() => unknown>();
  #nextFd = 3;
  /** After so many more operations `whenCounted` is called. */
  countdown = Infinity;
  whenCounted: () => void = () => undefined;

  constructor(disk: Disk, random: Random, times: DiskTimes) {
    this.disk = disk;
    this.#random = random;
    this.#times = times;
  }

  /** Has `effect` happen after a while; its outcome goes to `done`, in a turn of the process. */
  start<T>(
    kind: OperationKind,
    effect: () => T,
    done: (error: Error | null, result?: T) => void,
  ): void {
    const process = currentProcess();
    this.#underWay.add(effect);
    process.host.scheduler.after(this.#durationMs(kind), () => {
      if (process.isAlive) this.#finish(process, { kind, effect, done });
    });
  }

  /** As `start`, as a promise. */
  promise<T>(kind: OperationKind, effect: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.start(kind, effect, (error, result) => {
        if (error !== null) reject(error);
        else resolve(result as T);
      });
    });
  }

  /** The process is no more: what was under way has had its effect or not. */
  abandon(): void {
    for (const effect of this.#underWay) {
      if (this.#random.next() >= 0.5) continue;
      try {
        effect();
      } catch {
        // Nobody is there who could be told.
      }
    }
    this.#underWay.clear();
    this.#open.clear();
  }

  open(file: OpenFile): number {
    const fd = this.#nextFd++;
    this.#open.set(fd, file);
    return fd;
  }

  get(fd: number): OpenFile {
    const file = this.#open.get(fd);
    if (file === undefined) throw systemError("EBADF", "fd", String(fd));
    return file;
  }

  close(fd: number): void {
    this.get(fd);
    this.#open.delete(fd);
  }

  #finish<T>(
    process: Process,
    operation: {
      readonly kind: OperationKind;
      readonly effect: () => T;
      readonly done: (error: Error | null, result?: T) => void;
    },
  ): void {
    const { kind, effect, done } = operation;
    this.#underWay.delete(effect);
    let outcome: readonly [error: Error | null, result?: T];
    try {
      this.#failIfDue(kind);
      outcome = [null, effect()];
    } catch (error) {
      outcome = [error as Error];
    }
    // The boundary: the disk has done it, and the process does not know yet.
    if (kind !== "read" && --this.countdown <= 0) {
      this.countdown = Infinity;
      this.whenCounted();
    }
    process.enter(() => done(...outcome));
  }

  #failIfDue(kind: OperationKind): void {
    const error = this.disk.nextError;
    if (error === undefined || kind === "read") return;
    this.disk.nextError = undefined;
    throw systemError(error, kind, "the disk");
  }

  #durationMs(kind: OperationKind): number {
    if (kind !== "sync") return 0;
    const { syncMinMs, syncMaxMs } = this.#times;
    return randomInt(this.#random, syncMinMs, syncMaxMs + 1) * this.disk.slowness;
  }
}

/** The operations of each process that has files. */
const byProcess = new WeakMap<Process, FileOperations>();

/** Gives a process its disk. */
export function attachDisk(process: Process, operations: FileOperations): void {
  byProcess.set(process, operations);
}

/** The operations of the process whose turn it is. */
export function operations(): FileOperations {
  const found = byProcess.get(currentProcess());
  if (found === undefined) throw new Error("This process has no disk");
  return found;
}
