/**
 * Runs an ensemble on this machine: the local adapter of the planner. It observes processes,
 * files and roles, asks the planner for the next action, carries that one out, and starts over,
 * until the ensemble is stopped. What happens is told to a listener; what is printed is not its
 * business.
 */
import type { Clock } from "../../base/index.ts";
import type { Ensemble } from "../api/index.ts";
import { OperatorError } from "../operator-error.ts";
import { isServing, plan } from "../plan/index.ts";
import type { Action, Observed } from "../plan/index.ts";
import { LocalFolder } from "./local-folder.ts";
import { LocalMember } from "./local-member.ts";
import type { MemberEvent, MemberReport } from "./local-member.ts";
import type { ServerCommand } from "./member-process.ts";

/** What is run, and how. */
export interface LocalEnsembleOptions {
  readonly ensemble: Ensemble;
  /** The ensemble's folder; created when it does not exist. */
  readonly folder: string;
  /** First client port; 0 for any, null for those of the last run or else 2181. */
  readonly clientPortBase: number | null;
  /** First port between members; 0 for any, null for those of the last run or else from 28880. */
  readonly peerPortBase: number | null;
  readonly server: ServerCommand;
  readonly clock: Clock;
  /** Process id of this process, which is the holder of the folder's lock. */
  readonly pid: number;
  /** Called for everything that happens, in order. */
  readonly onEvent: (event: LocalEvent) => void;
}

/** Something that happened. */
export type LocalEvent =
  | MemberEvent
  /** A quorum serves, for the first time or again. */
  | { readonly kind: "serving"; readonly members: readonly MemberReport[] }
  /** The quorum that served is gone. */
  | { readonly kind: "quorumLost" }
  /** Nothing serves yet though some time has passed. */
  | { readonly kind: "stillWaiting"; readonly members: readonly MemberReport[] };

const PROBE_INTERVAL_MS = 100;
/** Between probes when all is well; the end of a process is noticed at once regardless. */
const PROBE_INTERVAL_SERVING_MS = 1000;
/** How long the announcement waits for the members that a quorum can do without. */
const ANNOUNCE_HOLD_MS = 1000;
const STILL_WAITING_MS = 15_000;

/** An ensemble of local processes. */
export class LocalEnsemble {
  readonly #options: LocalEnsembleOptions;
  readonly #folder: LocalFolder;
  readonly #members: readonly LocalMember[];
  #goal: "run" | "stop" = "run";
  #hasServed = false;
  /** Since when the quorum has been serving without interruption; null when it does not. */
  #servingSinceMs: number | null = null;
  #isAnnounced = false;
  #waitingSinceMs: number;
  /** Whether something has happened that the next pause must not sleep through. */
  #isWakeWanted = false;
  /** Ends the pause between two observations, if there is one. */
  #endPause: () => void = () => undefined;

  private constructor(options: LocalEnsembleOptions, folder: LocalFolder) {
    this.#options = options;
    this.#folder = folder;
    this.#waitingSinceMs = options.clock.monotonicMs();
    this.#members = folder.ports.map(
      (ports) =>
        new LocalMember({
          ports,
          configText: folder.renderConfig(ports.id),
          paths: folder.pathsOf(ports.id),
          server: options.server,
          clock: options.clock,
          onEvent: (event) => {
            options.onEvent(event);
            if (event.kind !== "roleChanged") this.#wake();
          },
        }),
    );
  }

  /**
   * Takes the folder and the ports; starts nothing yet. When it fails it leaves nothing behind.
   *
   * @throws OperatorError FILE_ACCESS, LOCKED, PORT_TAKEN or UNSUPPORTED_CHANGE.
   */
  static async open(options: LocalEnsembleOptions): Promise<LocalEnsemble> {
    return new LocalEnsemble(options, await LocalFolder.open(options));
  }

  /**
   * Runs the ensemble until `stop()` has taken effect, then releases the folder.
   *
   * @throws OperatorError when it cannot run; every member has been stopped then.
   */
  async run(): Promise<void> {
    let failure: Error | null = null;
    try {
      for (;;) {
        const { action, reason } = this.#plan();
        if (action.kind === "none" && this.#goal === "stop") break;
        if (action.kind === "giveUp") {
          failure = new OperatorError("START_FAILED", this.#explain(reason));
          this.#goal = "stop";
          continue;
        }
        try {
          await this.#carryOut(action);
        } catch (error) {
          if (this.#goal === "stop") throw error;
          failure = error instanceof Error ? error : new Error(String(error));
          this.#goal = "stop";
        }
      }
    } finally {
      this.#folder.close();
    }
    if (failure !== null) throw failure;
  }

  /** Stops all members, the leader last; `run()` then returns. */
  stop(): void {
    this.#goal = "stop";
    this.#wake();
  }

  /** Ends all members at once; to be called after `stop()`. */
  kill(): void {
    for (const member of this.#members) member.kill();
  }

  /** The members as they were last seen. */
  report(): MemberReport[] {
    return this.#members.map((member) => member.report());
  }

  #plan(): ReturnType<typeof plan> {
    const nowMs = this.#options.clock.monotonicMs();
    const observed: Observed = {
      bootstrappedReplicas: this.#folder.bootstrappedReplicas,
      hasServed: this.#hasServed,
      members: this.#members.map((member) => member.observe(nowMs)),
    };
    return plan({ replicas: this.#members.length, goal: this.#goal }, observed, nowMs);
  }

  async #carryOut(action: Action): Promise<void> {
    switch (action.kind) {
      case "writeConfig":
        this.#member(action.member).writeConfig();
        return;
      case "start":
        this.#folder.recordStart();
        this.#member(action.member).start();
        return;
      case "stop":
        this.#member(action.member).stop();
        return;
      case "kill":
        this.#member(action.member).kill();
        return;
      case "none":
        return this.#observeAgain(null);
      case "wait":
        return this.#observeAgain(action.untilMs);
      case "giveUp":
        return;
    }
  }

  #member(id: number): LocalMember {
    return this.#members[id - 1]!;
  }

  /** Asks every member for its role, tells what changed, and pauses. */
  async #observeAgain(untilMs: number | null): Promise<void> {
    const { clock } = this.#options;
    if (this.#goal === "run") {
      await Promise.all(this.#members.map((member) => member.probe()));
      this.#announce(clock.monotonicMs());
    }
    const isSettled = this.#goal === "run" && this.#isAnnounced && untilMs === null;
    const intervalMs = isSettled ? PROBE_INTERVAL_SERVING_MS : PROBE_INTERVAL_MS;
    const untilNextMs = untilMs === null ? intervalMs : untilMs - clock.monotonicMs();
    await this.#pause(Math.max(1, Math.min(intervalMs, untilNextMs)));
  }

  async #pause(pauseMs: number): Promise<void> {
    if (!this.#isWakeWanted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseMs);
        this.#endPause = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#isWakeWanted = false;
  }

  #wake(): void {
    this.#isWakeWanted = true;
    this.#endPause();
  }

  #announce(nowMs: number): void {
    const { onEvent } = this.#options;
    const members = this.#members.map((member) => member.observe(nowMs));
    if (!isServing(members)) {
      if (this.#servingSinceMs !== null) this.#waitingSinceMs = nowMs;
      if (this.#isAnnounced) onEvent({ kind: "quorumLost" });
      this.#isAnnounced = false;
      this.#servingSinceMs = null;
      if (nowMs - this.#waitingSinceMs >= STILL_WAITING_MS) {
        this.#waitingSinceMs = nowMs;
        onEvent({ kind: "stillWaiting", members: this.report() });
      }
      return;
    }
    this.#hasServed = true;
    this.#servingSinceMs ??= nowMs;
    const isComplete = members.every(({ role }) => role !== "none");
    const isHeldLongEnough = nowMs - this.#servingSinceMs >= ANNOUNCE_HOLD_MS;
    if (this.#isAnnounced || (!isComplete && !isHeldLongEnough)) return;
    this.#isAnnounced = true;
    onEvent({ kind: "serving", members: this.report() });
  }

  /** The planner's reason to give up, with what the failing member said last. */
  #explain(reason: string): string {
    const failed = this.#members.find((member) => member.lastWords() !== null);
    if (failed === undefined) return reason;
    return `${reason}: ${failed.lastWords() ?? ""} (more in ${failed.report().logFile})`;
  }
}
