/**
 * A process of a simulated machine: what runs between its start and its exit or crash. Whatever
 * reaches a program from outside (a timer, the end of a file operation, bytes of a socket) enters
 * it by `enter`, as one turn of its event loop, with all promises settled before the turn ends.
 * So one thread plays many processes, one after the other, and a crash needs no cooperation: who
 * does not enter any more has stopped.
 */
import type { Clock } from "../../../src/base/index.ts";
import type { Scheduler } from "../scheduler.ts";

/** What all processes of a run share. */
export interface ProcessHost {
  readonly scheduler: Scheduler;
  /** For how long a turn waits until the machine comes to it, in ms. */
  turnDelayMs(): number;
  /** An exception that the program did not catch: it ends the process. */
  uncaught(process: Process, error: unknown): void;
}

/** Node's own way to run what has been queued for the end of a callback; of no public name. */
const node = process as unknown as { readonly _tickCallback: () => void };

/** Whose turn it is. Code of the simulator itself runs in nobody's. */
let running: Process | undefined;

/** The process whose turn it is; undefined for the simulator itself. */
export function runningProcess(): Process | undefined {
  return running;
}

/** The process whose turn it is. @throws when the simulator itself asks. */
export function currentProcess(): Process {
  if (running === undefined) throw new Error("Only a simulated process may do this");
  return running;
}

/** Ends the turn of a process on an error that nobody caught; false when there is none. */
export function reportUncaught(error: unknown): boolean {
  if (running === undefined) return false;
  running.host.uncaught(running, error);
  return true;
}

export class Process {
  /** Name of the machine, and its address. */
  readonly machine: string;
  /** Counts the lives of the machine. */
  readonly life: number;
  readonly host: ProcessHost;
  readonly clock: Clock;
  /** Its time against the true time. */
  readonly clockRate: number;
  readonly #whenOver: (() => void)[] = [];
  #isAlive = true;
  /** What waits for a stopped process to go on. */
  #frozen: (() => void)[] | undefined;

  constructor(
    host: ProcessHost,
    identity: { readonly machine: string; readonly life: number },
    clock: Clock & { readonly rate: number },
  ) {
    this.host = host;
    this.machine = identity.machine;
    this.life = identity.life;
    this.clock = clock;
    this.clockRate = clock.rate;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isFrozen(): boolean {
    return this.#frozen !== undefined;
  }

  /** One turn of the event loop. */
  enter(turn: () => void): void {
    if (!this.#isAlive) return;
    if (this.#frozen !== undefined) {
      this.#frozen.push(turn);
      return;
    }
    runAs(this, turn);
  }

  /** Has `turn` entered after `delayMs` of true time. */
  later(delayMs: number, turn: () => void): void {
    this.host.scheduler.after(delayMs, () => this.enter(turn));
  }

  /** Nothing enters until `thaw`: SIGSTOP. */
  freeze(): void {
    this.#frozen ??= [];
  }

  /** Goes on with all that has come meanwhile, in its order. */
  thaw(): void {
    const waiting = this.#frozen ?? [];
    this.#frozen = undefined;
    for (const turn of waiting) this.enter(turn);
  }

  /** `then` is called when the process is no more, by the simulator. */
  whenOver(then: () => void): void {
    this.#whenOver.push(then);
  }

  /** Ends it, wherever it is. */
  end(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#frozen = undefined;
    for (const then of this.#whenOver) then();
  }
}

function runAs(process: Process, turn: () => void): void {
  const outer = running;
  running = process;
  try {
    turn();
    node._tickCallback();
  } catch (error) {
    process.host.uncaught(process, error);
  } finally {
    running = outer;
  }
}
