import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planProcesses } from "../../../src/operator/plan/index.ts";
import type {
  ObservedProcess,
  ObservedProcesses,
  ProcessAction,
} from "../../../src/operator/plan/index.ts";

const NOW_MS = 100_000;

type Some = Omit<ObservedProcess, "sid">;

const stopped: Some = {
  isWanted: true,
  state: "stopped",
  isLeading: false,
  failures: 0,
  changedAtMs: null,
};
const running: Some = { ...stopped, state: "running" };
const leading: Some = { ...running, isLeading: true };
const unwanted: Some = { ...running, isWanted: false };
const stopping = (sinceMs: number): Some => {
  return { ...stopped, state: "stopping", changedAtMs: sinceMs };
};
const failed = (failures: number): Some => ({ ...stopped, failures, changedAtMs: NOW_MS });

function observed(
  goal: ObservedProcesses["goal"],
  processes: readonly Some[],
  hasServed = true,
): ObservedProcesses {
  return {
    goal,
    hasServed,
    processes: processes.map((process, index) => ({ sid: index + 1, ...process })),
  };
}

describe("planProcesses() to run", () => {
  it.each<[string, Some[], ProcessAction]>([
    ["starts the first one", [stopped, stopped], { kind: "start", sid: 1 }],
    ["starts the next without waiting for roles", [running, stopped], { kind: "start", sid: 2 }],
    ["waits when all run", [running, leading], { kind: "wait", untilMs: null }],
    ["ends one that is not wanted", [running, unwanted], { kind: "stop", sid: 2 }],
    [
      "leaves one alone that is not wanted and has ended",
      [running, { ...unwanted, state: "stopped" }],
      { kind: "wait", untilMs: null },
    ],
    [
      "waits for one to end before it starts it again",
      [running, stopping(NOW_MS - 1000)],
      { kind: "wait", untilMs: NOW_MS + 9000 },
    ],
    ["kills what does not end", [running, stopping(NOW_MS - 10_000)], { kind: "kill", sid: 2 }],
    ["pauses after a failure", [running, failed(1)], { kind: "wait", untilMs: NOW_MS + 200 }],
    ["doubles the pause", [running, failed(3)], { kind: "wait", untilMs: NOW_MS + 800 }],
    ["limits the pause", [running, failed(50)], { kind: "wait", untilMs: NOW_MS + 30_000 }],
    ["pauses for one and starts another", [failed(1), stopped], { kind: "start", sid: 2 }],
  ])("%s", (_, processes, action) => {
    expect(planProcesses(observed("run", processes), NOW_MS)).toEqual(action);
  });

  it("starts a failed one when its pause is over", () => {
    const action = planProcesses(observed("run", [running, failed(1)]), NOW_MS + 200);
    expect(action).toEqual({ kind: "start", sid: 2 });
  });

  it("gives up on an ensemble that never served when a process keeps failing", () => {
    expect(planProcesses(observed("run", [running, failed(3)], false), NOW_MS)).toEqual({
      kind: "giveUp",
      reason: "Member 2 ended 3 times",
    });
  });
});

describe("planProcesses() to stop", () => {
  it.each<[string, Some[], ProcessAction]>([
    ["stops followers first", [leading, running, running], { kind: "stop", sid: 2 }],
    [
      "keeps the leader until the others are gone",
      [leading, stopped, stopping(NOW_MS - 1000)],
      { kind: "wait", untilMs: NOW_MS + 9000 },
    ],
    ["stops the leader last", [leading, stopped, stopped], { kind: "stop", sid: 1 }],
    [
      "kills what does not stop in time",
      [leading, stopped, stopping(NOW_MS - 10_000)],
      { kind: "kill", sid: 3 },
    ],
    ["is done when nothing runs", [stopped, failed(2)], { kind: "none" }],
  ])("%s", (_, processes, action) => {
    expect(planProcesses(observed("stop", processes), NOW_MS)).toEqual(action);
  });
});

describe("planProcesses() carried out again and again", () => {
  const anyProcess = fc.record({
    isWanted: fc.boolean(),
    state: fc.constantFrom("stopped" as const, "running" as const, "stopping" as const),
    isLeading: fc.boolean(),
    failures: fc.nat(5),
    changedAtMs: fc.option(fc.nat(NOW_MS), { nil: null }),
  });

  it("ends with those running that are wanted, or with none, from any state", () => {
    fc.assert(
      fc.property(
        fc.array(anyProcess, { minLength: 1, maxLength: 5 }),
        fc.constantFrom("run" as const, "stop" as const),
        (start, goal) => {
          let { processes } = observed(goal, start);
          const isDone = () =>
            processes.every(({ state, isWanted }) => {
              return state === (goal === "run" && isWanted ? "running" : "stopped");
            });
          let nowMs = NOW_MS;
          for (let turn = 0; turn < 200 && !isDone(); turn += 1) {
            const action = planProcesses({ goal, hasServed: true, processes }, nowMs);
            if (action.kind === "wait") nowMs = Math.max(nowMs + 1000, action.untilMs ?? 0);
            processes = processes.map((process) => carryOut(process, action));
          }
          expect(isDone()).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  /** A world in which everything that is asked for happens, stops at the next wait. */
  function carryOut(process: ObservedProcess, action: ProcessAction): ObservedProcess {
    if (action.kind === "wait") {
      return process.state === "stopping" ? { ...process, state: "stopped" } : process;
    }
    if (!("sid" in action) || action.sid !== process.sid) return process;
    switch (action.kind) {
      case "start":
        return { ...process, state: "running" };
      case "stop":
        return { ...process, state: "stopping", changedAtMs: NOW_MS };
      case "kill":
        return { ...process, state: "stopped" };
    }
  }
});
