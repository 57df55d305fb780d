/**
 * The planner: from what is wanted and what is there to the next safe action, and the reason for
 * it. A pure function without memory; an adapter carries the one action out, observes again and
 * asks again, so that a crash between any two actions loses nothing. What keeps the data safe:
 *
 * 1. No member starts before the files of all members are written, so that all agree on who the
 *    voters are.
 * 2. An ensemble that has data keeps its number of members: a changed list of voters must go
 *    through the ensemble's own reconfiguration, never through new files, since a majority of
 *    empty new members would outvote the data.
 * 3. Stopping takes the leader last, so that stopping the others costs no election.
 *
 * It does not know how a member is started, nor wait for anything: `wait` says until when.
 */
import { assert } from "../../base/index.ts";
import type { Observed, ObservedMember, PlanSpec } from "./observed.ts";

/** What to do next. */
export type Action =
  | { readonly kind: "writeConfig"; readonly member: number }
  | { readonly kind: "start"; readonly member: number }
  /** Ask a member's process to end. */
  | { readonly kind: "stop"; readonly member: number }
  /** End a member's process that does not. */
  | { readonly kind: "kill"; readonly member: number }
  /** Observe again when something changes, or at `untilMs`; null when no time is known. */
  | { readonly kind: "wait"; readonly untilMs: number | null }
  /** The goal is reached; observe again when something changes. */
  | { readonly kind: "none" }
  /** The goal cannot be reached: stop what runs and tell the user. */
  | { readonly kind: "giveUp" };

/** An action, and why it is the next one. */
export interface Step {
  readonly action: Action;
  /** One sentence for the user. */
  readonly reason: string;
}

/** Failures in a row that end an ensemble which has never served. */
const START_FAILURES_MAX = 3;
/** Pause before a failed member starts again: doubled by each failure in a row, up to a limit. */
const RESTART_DELAY_MIN_MS = 200;
const RESTART_DELAY_MAX_MS = 30_000;
/** Time that a member has to end after it was asked to. */
const STOP_GRACE_MS = 10_000;

/** The next safe action at time `nowMs`. */
export function plan(spec: PlanSpec, observed: Observed, nowMs: number): Step {
  if (spec.goal === "stop") return planStop(observed.members, nowMs);
  assert(observed.members.length === spec.replicas, "Every member asked for is observed");
  const refusal = checkReplicas(spec.replicas, observed.bootstrappedReplicas);
  if (refusal !== null) return { action: { kind: "giveUp" }, reason: refusal };
  return planRun(observed, nowMs);
}

/**
 * Whether the members that serve are a quorum with a leader. Reports are of different moments: two
 * leaders mean that one of them is an old one.
 */
export function isServing(members: readonly ObservedMember[]): boolean {
  const serving = members.filter(({ process, role }) => process === "running" && role !== "none");
  const leaders = serving.filter(({ role }) => role === "leader" || role === "standalone");
  return leaders.length === 1 && serving.length * 2 > members.length;
}

function checkReplicas(wanted: number, bootstrapped: number | null): string | null {
  if (bootstrapped === null || bootstrapped === wanted) return null;
  return (
    `Cannot change replicas from ${String(bootstrapped)} to ${String(wanted)}: ` +
    "the number of members of an ensemble that has data cannot be changed yet"
  );
}

function planRun({ members, hasServed }: Observed, nowMs: number): Step {
  const unwritten = members.find(({ configured, process }) => !configured && process === "stopped");
  if (unwritten !== undefined) {
    const { id } = unwritten;
    const reason = `The files of member ${String(id)} are missing or out of date`;
    return { action: { kind: "writeConfig", member: id }, reason };
  }
  const hopeless = members.find(({ failures }) => failures >= START_FAILURES_MAX);
  if (!hasServed && hopeless !== undefined) {
    const reason = `Member ${String(hopeless.id)} ended ${String(hopeless.failures)} times`;
    return { action: { kind: "giveUp" }, reason };
  }
  let wakeAtMs: number | null = null;
  for (const member of members.filter(({ process }) => process === "stopped")) {
    const startAtMs = restartAtMs(member);
    if (startAtMs <= nowMs) {
      const reason = `Member ${String(member.id)} is not running`;
      return { action: { kind: "start", member: member.id }, reason };
    }
    wakeAtMs = Math.min(wakeAtMs ?? startAtMs, startAtMs);
  }
  if (wakeAtMs !== null) {
    const reason = "A member that failed is started again after a pause";
    return { action: { kind: "wait", untilMs: wakeAtMs }, reason };
  }
  const silent = members.filter(({ role }) => role === "none").map(({ id }) => String(id));
  if (silent.length === 0 && isServing(members)) {
    return { action: { kind: "none" }, reason: "Every member serves" };
  }
  const reason = isServing(members)
    ? `The quorum serves; waiting for member ${silent.join(", ")}`
    : "Waiting for a quorum";
  return { action: { kind: "wait", untilMs: null }, reason };
}

/** When a stopped member may start: at once for the first time, later after each failure. */
function restartAtMs({ failures, changedAtMs }: ObservedMember): number {
  if (failures === 0 || changedAtMs === null) return 0;
  const delayMs = RESTART_DELAY_MIN_MS * 2 ** (failures - 1);
  return changedAtMs + Math.min(delayMs, RESTART_DELAY_MAX_MS);
}

function planStop(members: readonly ObservedMember[], nowMs: number): Step {
  const overdue = members.find(
    ({ process, changedAtMs }) =>
      process === "stopping" && nowMs - (changedAtMs ?? nowMs) >= STOP_GRACE_MS,
  );
  if (overdue !== undefined) {
    const reason = `Member ${String(overdue.id)} has not stopped in time`;
    return { action: { kind: "kill", member: overdue.id }, reason };
  }
  const running = members.filter(({ process }) => process === "running");
  const stopping = members.filter(({ process }) => process === "stopping");
  const follower = running.find(({ role }) => role !== "leader");
  if (follower !== undefined) {
    const reason = `Member ${String(follower.id)} is not the leader and stops first`;
    return { action: { kind: "stop", member: follower.id }, reason };
  }
  const [leader] = running;
  if (leader !== undefined && stopping.length === 0) {
    const reason = `Member ${String(leader.id)} leads and stops last`;
    return { action: { kind: "stop", member: leader.id }, reason };
  }
  if (stopping.length === 0) return { action: { kind: "none" }, reason: "Every member is stopped" };
  const deadlines = stopping.map(({ changedAtMs }) => (changedAtMs ?? nowMs) + STOP_GRACE_MS);
  const untilMs = Math.min(...deadlines);
  return { action: { kind: "wait", untilMs }, reason: "Waiting for members to stop" };
}
