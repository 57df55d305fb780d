/**
 * The planner of processes: what Kubernetes does for pods, on one machine. It starts those that are
 * wanted, again after a pause when they have ended, and ends the others; it does not know what they
 * are wanted for, which is `planEnsemble()`'s business. A pure function without memory: an adapter
 * carries the one action out, observes again and asks again. When all is to stop, it takes the
 * leader last, so that stopping the others costs no election.
 */
import type { ObservedProcess, ObservedProcesses } from "./observed-process.ts";

/** What to do next. */
export type ProcessAction =
  | { readonly kind: "start"; readonly sid: number }
  /** Ask a process to end. */
  | { readonly kind: "stop"; readonly sid: number }
  /** End a process that does not. */
  | { readonly kind: "kill"; readonly sid: number }
  /** Ask again when something changes, or at `untilMs`; null when no time is known. */
  | { readonly kind: "wait"; readonly untilMs: number | null }
  /** Everything is stopped, as it was to be. */
  | { readonly kind: "none" }
  /** It cannot run: stop it and tell the user why. */
  | { readonly kind: "giveUp"; readonly reason: string };

/** Failures in a row that end an ensemble which has never served. */
const START_FAILURES_MAX = 3;
/** Pause before a failed process starts again: doubled by each failure in a row, up to a limit. */
const RESTART_DELAY_MIN_MS = 200;
const RESTART_DELAY_MAX_MS = 30_000;
/** Time that a process has to end after it was asked to. */
const STOP_GRACE_MS = 10_000;

/** The next action at time `nowMs`. */
export function planProcesses(observed: ObservedProcesses, nowMs: number): ProcessAction {
  const overdue = observed.processes.find(
    ({ state, changedAtMs }) =>
      state === "stopping" && nowMs - (changedAtMs ?? nowMs) >= STOP_GRACE_MS,
  );
  if (overdue !== undefined) return { kind: "kill", sid: overdue.sid };
  return observed.goal === "stop" ? planStop(observed, nowMs) : planRun(observed, nowMs);
}

function planRun({ processes, hasServed }: ObservedProcesses, nowMs: number): ProcessAction {
  const surplus = processes.find(({ isWanted, state }) => !isWanted && state === "running");
  if (surplus !== undefined) return { kind: "stop", sid: surplus.sid };
  const wanted = processes.filter(({ isWanted }) => isWanted);
  const hopeless = wanted.find(({ failures }) => failures >= START_FAILURES_MAX);
  if (!hasServed && hopeless !== undefined) {
    const { sid, failures } = hopeless;
    return { kind: "giveUp", reason: `Member ${String(sid)} ended ${String(failures)} times` };
  }
  const waking: number[] = [];
  for (const process of wanted.filter(({ state }) => state === "stopped")) {
    const startAtMs = restartAtMs(process);
    if (startAtMs <= nowMs) return { kind: "start", sid: process.sid };
    waking.push(startAtMs);
  }
  return waitFor([...waking, ...deadlinesOf(processes, nowMs)]);
}

/** When a stopped process may start: at once for the first time, later after each failure. */
function restartAtMs({ failures, changedAtMs }: ObservedProcess): number {
  if (failures === 0 || changedAtMs === null) return 0;
  const delayMs = RESTART_DELAY_MIN_MS * 2 ** (failures - 1);
  return changedAtMs + Math.min(delayMs, RESTART_DELAY_MAX_MS);
}

function planStop({ processes }: ObservedProcesses, nowMs: number): ProcessAction {
  const running = processes.filter(({ state }) => state === "running");
  const follower = running.find(({ isLeading }) => !isLeading);
  if (follower !== undefined) return { kind: "stop", sid: follower.sid };
  const deadlines = deadlinesOf(processes, nowMs);
  if (deadlines.length > 0) return waitFor(deadlines);
  const [leader] = running;
  return leader === undefined ? { kind: "none" } : { kind: "stop", sid: leader.sid };
}

/** When the patience with processes that are to end is over. */
function deadlinesOf(processes: readonly ObservedProcess[], nowMs: number): number[] {
  const stopping = processes.filter(({ state }) => state === "stopping");
  return stopping.map(({ changedAtMs }) => (changedAtMs ?? nowMs) + STOP_GRACE_MS);
}

function waitFor(timesMs: readonly number[]): ProcessAction {
  return { kind: "wait", untilMs: timesMs.length === 0 ? null : Math.min(...timesMs) };
}
