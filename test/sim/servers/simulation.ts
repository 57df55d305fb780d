/**
 * One run of whole servers and their clients: builds the ensemble that a seed stands for, lets clients
 * work while faults happen, checking all along; then heals everything and demands that everybody is
 * served again, that all trees are what the history says, and that sessions of clients that are gone
 * end. A run depends on nothing but its seed and options.
 */
import { seededRandom } from "../../../src/base/index.ts";
import { nullLogger } from "../../../src/observe/index.ts";
import type { LogFields, Logger } from "../../../src/observe/index.ts";
import { formatHex } from "../../../src/wire/index.ts";
import { Tcp } from "../machine/tcp.ts";
import type { Process } from "../machine/process.ts";
import { Scheduler } from "../scheduler.ts";
import { Violation } from "../violation.ts";
import { firstRoles, sidsOf } from "./config-files.ts";
import { checkTrees } from "./final-check.ts";
import { Faults } from "./faults.ts";
import { History } from "./history.ts";
import { MemberChanges } from "./member-changes.ts";
import { observeFor } from "./observer.ts";
import { optionsOf } from "./options.ts";
import type { SimOptions } from "./options.ts";
import { ServerMachine } from "./server-machine.ts";
import { SessionChecker } from "./session-checker.ts";
import { Workload } from "./workload.ts";
import type { World } from "./world.ts";

export interface RunRequest {
  readonly seed: number;
  /** Replaces options that the seed drew. */
  readonly override?: Partial<SimOptions> | undefined;
  /** Gets the trace line by line. */
  readonly print?: ((line: string) => void) | undefined;
}

/** What a run came to; nothing in it depends on the machine that ran it. */
export interface RunResult {
  readonly seed: number;
  /** Two runs of one request have the same. */
  readonly traceHash: number;
  readonly decided: number;
  readonly epochs: number;
  readonly expired: number;
  /** Configurations that were put in force after the first one. */
  readonly memberChanges: number;
  readonly actions: number;
  /** Virtual time from healing to the end. */
  readonly healedAfterMs: number;
  /** Why it failed; undefined when it did not. */
  readonly failure?: { readonly rule: string; readonly message: string; readonly stack: string };
}

export function runSimulation(request: RunRequest): RunResult {
  return new Simulation(request).run();
}

/** Time that each session is given to end after its client is gone, beyond its timeout. */
const expirySlackMs = 2_000;

class Simulation {
  readonly #seed: number;
  readonly #options: SimOptions;
  readonly #world: World;
  readonly #scheduler = new Scheduler();
  readonly #servers: ServerMachine[] = [];
  readonly #history: History;
  readonly #workload: Workload;
  readonly #faults: Faults;
  readonly #members: MemberChanges;
  readonly #sessions: SessionChecker;
  readonly #print: ((line: string) => void) | undefined;
  #hash = 0x811c9dc5;
  #failure: Error | undefined;

  constructor({ seed, override, print }: RunRequest) {
    this.#seed = seed;
    this.#print = print;
    this.#options = { ...optionsOf(seed), ...override };
    const options = this.#options;
    const scheduler = this.#scheduler;
    const random = seededRandom(seed);
    this.#sessions = new SessionChecker({
      nowMs: () => scheduler.nowMs,
      clientOf: (id) => this.#workload.clientOf(id),
      reportMs: options.tickMs + (options.observerMasters ? 2 : 1) * options.network.delayMaxMs,
    });
    this.#history = new History(firstRoles(options), this.#sessions);
    this.#world = {
      options,
      random,
      scheduler,
      network: new Tcp(scheduler, random, options.network),
      history: this.#history,
      servers: this.#servers,
      loggerOf: (sid) => this.#loggerOf(sid),
      note: (who, what, ...details) => this.#note(who, what, details),
      turnDelayMs: () => {
        return random.next() < 0.6 ? 0 : Math.floor(random.next() * (options.turnMaxMs + 1));
      },
      uncaught: (process, error) => this.#uncaught(process, error),
    };
    for (const sid of sidsOf(options)) this.#servers.push(new ServerMachine(sid, this.#world));
    this.#workload = new Workload(this.#world);
    const disturbed = (): void => this.#sessions.disturbed();
    this.#faults = new Faults(this.#world, disturbed);
    this.#members = new MemberChanges(this.#world, this.#workload.clients, disturbed);
  }

  run(): RunResult {
    observeFor(this.#world);
    try {
      this.#runAll();
    } catch (error) {
      this.#failure ??= asError(error);
    }
    for (const { process } of this.#servers) process?.end();
    const failure = this.#failure;
    return {
      seed: this.#seed,
      traceHash: this.#hash >>> 0,
      decided: this.#history.count,
      epochs: this.#history.epochCount,
      expired: this.#sessions.expiredCount,
      memberChanges: this.#history.members.changeCount,
      actions: this.#scheduler.actionCount,
      healedAfterMs: this.#scheduler.nowMs - this.#options.faultyMs,
      ...(failure === undefined ? {} : { failure: describe(failure) }),
    };
  }

  #runAll(): void {
    const { faultyMs } = this.#options;
    for (const server of this.#servers) server.start();
    this.#workload.start();
    this.#faults.start();
    this.#members.start();
    this.#go(faultyMs, () => false);
    this.#faults.heal();
    this.#members.stop();
    this.#workload.stop();
    this.#note(0n, "healed", []);
    this.#goUntil("everybody is served", () => this.#isServed());
    if (this.#options.members.changeEveryMs > 0) this.#changeOnceMore();
    this.#workload.writeOnce();
    this.#goUntil("everybody is answered", () => this.#isServed() && this.#isAnswered());
    this.#waitForExpiry();
    this.#goUntil("all servers have everything", () => this.#isServed());
    checkTrees(this.#servers, this.#history);
  }

  #changeOnceMore(): void {
    const { members } = this.#history;
    const before = members.changeCount;
    this.#members.insist();
    this.#goUntil("the members change", () => members.changeCount > before);
  }

  /** Sessions without a client end, and with them their nodes. */
  #waitForExpiry(): void {
    const { sessionTimeoutMs } = this.#options;
    const silent = (): bigint[] => {
      const ids = [...this.#history.model.sessions.keys()];
      return ids.filter((id) => id !== 0n && this.#workload.clientOf(id) === undefined);
    };
    const isOver = (): boolean => silent().length === 0;
    const untilMs = this.#scheduler.nowMs + 2 * sessionTimeoutMs + expirySlackMs;
    this.#go(untilMs, isOver);
    if (isOver()) return;
    const text = `${silent().map(formatHex).join(" ")} live ${untilMs} ms after the start`;
    throw new Violation("silent sessions end", text);
  }

  #isServed(): boolean {
    const { newestZxid } = this.#history;
    return (
      this.#servers.every(({ isServing, replica }) => {
        return isServing && replica?.tree.lastProcessedZxid === newestZxid;
      }) && this.#workload.clients.every(({ isConnected }) => isConnected)
    );
  }

  #isAnswered(): boolean {
    return this.#workload.clients.every(({ pendingCount }) => pendingCount === 0);
  }

  #goUntil(what: string, isDone: () => boolean): void {
    const { healMaxMs } = this.#options;
    this.#go(this.#scheduler.nowMs + healMaxMs, isDone);
    if (isDone()) return;
    const states = this.#servers.map(({ sid, replica }) => {
      const { role, lastZxid, isServing } = replica?.peer ?? {};
      const service = isServing === true ? "serving" : "not serving";
      return `server ${sid} ${role ?? "down"}, ${service}, at ${formatHex(lastZxid ?? 0n)}`;
    });
    const text = `not so after ${healMaxMs} ms: ${states.join("; ")}`;
    throw new Violation(`a healed ensemble serves: ${what}`, text);
  }

  #go(untilMs: number, isDone: () => boolean): void {
    this.#scheduler.run(untilMs, () => this.#failure !== undefined || isDone());
    if (this.#failure !== undefined) throw this.#failure;
  }

  #uncaught(process: Process, error: unknown): void {
    this.#note(0n, `uncaught in ${process.machine}`, [String(error)]);
    this.#failure ??= asError(error);
  }

  #note(who: bigint, what: string, details: readonly unknown[]): void {
    const { nowMs } = this.#scheduler;
    this.#mix(nowMs);
    this.#mix(Number(who));
    for (let index = 0; index < what.length; index++) this.#mix(what.charCodeAt(index));
    for (const detail of details) this.#mix(Number(BigInt.asIntN(32, numberOf(detail))));
    this.#print?.(`${lineHead(nowMs, who)} ${what} ${details.map(show).join(" ")}`);
  }

  /** Errors that a server logs about its own state are failures of the run. */
  #loggerOf(sid: bigint): Logger {
    const log = (message: string, fields: LogFields = {}): void => {
      if (this.#print === undefined) return;
      const shown = Object.entries(fields).map(([key, value]) => `${key}=${show(value)}`);
      this.#print(`${lineHead(this.#scheduler.nowMs, sid)}   "${message}" ${shown.join(" ")}`);
    };
    const logger: Logger = {
      ...nullLogger,
      debug: log,
      info: log,
      warn: log,
      error: (message, fields) => {
        log(message, fields);
        if (!message.includes("digest")) return;
        throw new Violation("trees are what their leader foretold", `server ${sid}: ${message}`);
      },
      child: () => logger,
    };
    return logger;
  }

  #mix(number: number): void {
    this.#hash = Math.imul(this.#hash ^ (number | 0), 0x01000193);
  }
}

function describe(failure: Error): NonNullable<RunResult["failure"]> {
  const rule = failure instanceof Violation ? failure.rule : "servers do not crash";
  return { rule, message: failure.message, stack: failure.stack ?? "" };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function lineHead(nowMs: number, who: bigint): string {
  return `${String(nowMs).padStart(7)} [${who === 0n ? "-" : who}]`;
}

function show(value: unknown): string {
  if (typeof value === "bigint") return formatHex(value);
  if (value instanceof Error) return value.message;
  return String(value);
}

function numberOf(detail: unknown): bigint {
  if (typeof detail === "bigint") return detail;
  return typeof detail === "number" && Number.isInteger(detail) ? BigInt(detail) : 0n;
}
