/** What the parts of a simulation of whole servers share. */
import type { Random } from "../../../src/base/index.ts";
import type { Logger } from "../../../src/observe/index.ts";
import type { Leadership } from "../../../src/server/leadership.ts";
import type { Replica } from "../../../src/server/replica.ts";
import type { Disk } from "../machine/disk.ts";
import type { Process, ProcessHost } from "../machine/process.ts";
import type { SimFile } from "../machine/sim-file.ts";
import type { Tcp } from "../machine/tcp.ts";
import type { History } from "./history.ts";
import type { SimOptions } from "./options.ts";

/** A machine with a server on it, for those who watch and disturb it. */
export interface Server {
  readonly sid: bigint;
  readonly host: string;
  readonly disk: Disk;
  /** The process, while there is one. */
  readonly process: Process | undefined;
  /** The server's copy of the state, once it takes part. */
  readonly replica: Replica | undefined;
  readonly isServing: boolean;
  readonly isLeading: boolean;
  start(): void;
  /** The process ends as by kill -9, or with the power of its machine. */
  crash(isPowerLoss: boolean): void;
  /** Loses its power after one of the next operations of the disk, if they come. */
  crashAfter(operationCount: number): void;
  /** SIGTERM. */
  stop(): void;
  /** SIGSTOP. */
  freeze(): void;
  thaw(): void;
  /** The next operation of the disk fails. */
  failDisk(): void;
  jumpClock(byMs: number): void;
  /** If it leads: hands over to `target`, or to any voter. */
  handOver(target: bigint | undefined): void;
  /** A new disk in the place of the old one. */
  wipe(): void;
  /** A bit of a log or snapshot is another one; returns the file. */
  rot(): SimFile | undefined;
  /** Whether `file` is part of the history on its disk, and was not moved aside or removed. */
  needs(file: SimFile): boolean;
  /** For the observer of what servers do. */
  takesPart(replica: Replica): void;
  canHandOver(leadership: Leadership): void;
}

export interface World extends ProcessHost {
  readonly options: SimOptions;
  readonly random: Random;
  readonly network: Tcp;
  readonly history: History;
  readonly servers: readonly Server[];
  loggerOf(sid: bigint): Logger;
  /** Writes down what happened; `who` is a server, or 0. */
  note(who: bigint, what: string, ...details: unknown[]): void;
}
