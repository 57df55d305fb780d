/**
 * The processes of a local ensemble, in the place of StatefulSets and kubelets: those that are
 * wanted run, are started again when they end, and make place for others when they are to be
 * replaced. What is next is `planProcesses()`'s to say. It works by itself, whatever the members
 * are being asked for meanwhile.
 */
import type { Clock } from "../../base/index.ts";
import { OperatorError } from "../operator-error.ts";
import type { ObservedChildren, Sizes } from "../plan/ensemble-observed.ts";
import { componentOf, lastSid, sidsOf } from "../plan/ensemble-view.ts";
import { planProcesses } from "../plan/index.ts";
import type { ProcessAction } from "../plan/index.ts";
import { LocalMember } from "./local-member.ts";
import type { LocalMemberOptions, MemberEvent, MemberReport } from "./local-member.ts";

/** What they are made from. */
export interface LocalProcessesOptions {
  readonly clock: Clock;
  /** What a member is made from, besides the clock and the listener. */
  readonly describe: (sid: number) => Pick<LocalMemberOptions, "ports" | "paths" | "server">;
  readonly onEvent: (event: MemberEvent) => void;
  /** Called when they cannot run; they are to be stopped then. */
  readonly onFailure: (error: Error) => void;
}

/** The processes. */
export class LocalProcesses {
  readonly #options: LocalProcessesOptions;
  readonly #members = new Map<number, LocalMember>();
  /** Resolves when all are stopped, after they were asked to. */
  readonly stopped: Promise<void>;
  #sizes: ObservedChildren["sizes"] = { members: null, observers: null };
  #goal: "run" | "stop" = "run";
  #hasServed = false;
  #timer: NodeJS.Timeout | null = null;
  #isSettling = false;
  #resolveStopped: () => void = () => undefined;

  constructor(options: LocalProcessesOptions) {
    this.#options = options;
    this.stopped = new Promise((resolve) => (this.#resolveStopped = resolve));
  }

  /** The members that have or had a process, by ascending id. */
  get members(): ReadonlyMap<number, LocalMember> {
    return this.#members;
  }

  /** How many there are to be; null until that is said for the first time. */
  get sizes(): ObservedChildren["sizes"] {
    return this.#sizes;
  }

  isWanted(sid: number): boolean {
    return sid <= lastSid(componentOf(sid), this.#sizes[componentOf(sid)] ?? 0);
  }

  /** From now on, there are to be so many. */
  resize(sizes: Sizes): void {
    this.#sizes = sizes;
    const { clock, describe } = this.#options;
    for (const sid of sidsOf(sizes).filter((one) => !this.#members.has(one))) {
      const onEvent = (event: MemberEvent): void => this.#onEvent(event);
      this.#members.set(sid, new LocalMember({ ...describe(sid), clock, onEvent }));
    }
    this.#settle();
  }

  /** Ends the process of a member, if it is that of `uid` still, for another to take its place. */
  replace(sid: number, uid: string): void {
    const member = this.#members.get(sid);
    if (member?.uid !== uid) return;
    member.replace();
    this.#settle();
  }

  /** A quorum has served: whatever fails from now on is started again. */
  noteServed(): void {
    this.#hasServed = true;
  }

  /** Stops all of them, the leader last. */
  stop(): void {
    this.#goal = "stop";
    this.#settle();
  }

  /** Ends all of them at once; to be called after `stop()`. */
  kill(): void {
    for (const member of this.#members.values()) member.kill();
  }

  /** The members that there are to be, as they were last seen. */
  report(): MemberReport[] {
    const wanted = [...this.#members]
      .filter(([sid]) => this.isWanted(sid))
      .sort(([a], [b]) => a - b);
    return wanted.map(([, member]) => member.report());
  }

  #onEvent(event: MemberEvent): void {
    this.#options.onEvent(event);
    if (event.kind === "memberFailed" || event.kind === "memberStopped") this.#settle();
  }

  /** Does everything that can be done now, and comes back when there is more. */
  #settle(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    try {
      for (let isDone = false; !isDone;) isDone = this.#carryOut(this.#plan());
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#isSettling = false;
    }
  }

  #plan(): ProcessAction {
    const nowMs = this.#options.clock.monotonicMs();
    const processes = [...this.#members]
      .sort(([a], [b]) => a - b)
      .map(([sid, member]) => member.observeProcess(this.isWanted(sid), nowMs));
    return planProcesses({ goal: this.#goal, hasServed: this.#hasServed, processes }, nowMs);
  }

  /** @returns whether there is nothing more to do now. */
  #carryOut(action: ProcessAction): boolean {
    switch (action.kind) {
      case "start":
      case "stop":
      case "kill":
        this.#members.get(action.sid)?.[action.kind]();
        return false;
      case "wait":
        if (action.untilMs !== null) this.#settleAt(action.untilMs);
        return true;
      case "none":
        this.#resolveStopped();
        return true;
      case "giveUp":
        this.#fail(new OperatorError("START_FAILED", this.#explain(action.reason)));
        return true;
    }
  }

  #settleAt(timeMs: number): void {
    const delayMs = Math.max(1, timeMs - this.#options.clock.monotonicMs());
    this.#timer = setTimeout(() => this.#settle(), delayMs);
  }

  #fail(error: Error): void {
    if (this.#goal === "stop") this.kill();
    else this.#options.onFailure(error);
  }

  /** The planner's reason to give up, with what the failing member said last. */
  #explain(reason: string): string {
    const failed = [...this.#members.values()].find((member) => member.lastWords() !== null);
    if (failed === undefined) return reason;
    return `${reason}: ${failed.lastWords() ?? ""} (more in ${failed.report().logFile})`;
  }
}
