import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plan } from "../../../src/operator/plan/index.ts";
import type { MemberRole, Observed, ObservedMember } from "../../../src/operator/plan/index.ts";

const RUN = { replicas: 3, goal: "run" } as const;
const STOP = { replicas: 3, goal: "stop" } as const;
const NOW_MS = 100_000;

const fresh: Omit<ObservedMember, "id"> = {
  configured: false,
  process: "stopped",
  role: "none",
  failures: 0,
  changedAtMs: null,
};
const ready = { ...fresh, configured: true };
const running = (role: MemberRole) => ({ ...ready, process: "running" as const, role });
const stopping = (sinceMs: number) => ({
  ...ready,
  process: "stopping" as const,
  changedAtMs: sinceMs,
});
const failed = (failures: number) => ({ ...ready, failures, changedAtMs: NOW_MS });

function observed(
  members: readonly Omit<ObservedMember, "id">[],
  rest: Partial<Observed> = {},
): Observed {
  return {
    bootstrappedReplicas: null,
    hasServed: false,
    members: members.map((member, index) => ({ id: index + 1, ...member })),
    ...rest,
  };
}

describe("plan() to run", () => {
  it.each([
    ["writes files first", [fresh, fresh, fresh], { kind: "writeConfig", member: 1 }],
    [
      "writes all files before any start",
      [ready, ready, fresh],
      { kind: "writeConfig", member: 3 },
    ],
    ["starts the first member", [ready, ready, ready], { kind: "start", member: 1 }],
    [
      "starts the next without waiting for roles",
      [running("none"), ready, ready],
      { kind: "start", member: 2 },
    ],
    [
      "waits for a quorum",
      [running("none"), running("none"), running("follower")],
      { kind: "wait", untilMs: null },
    ],
    [
      "waits for the last member",
      [running("leader"), running("none"), running("follower")],
      { kind: "wait", untilMs: null },
    ],
    [
      "is done when all serve",
      [running("follower"), running("leader"), running("follower")],
      { kind: "none" },
    ],
    [
      "restarts a member that was killed after a short pause",
      [running("follower"), failed(1), running("leader")],
      { kind: "wait", untilMs: NOW_MS + 200 },
    ],
    [
      "doubles the pause with each failure",
      [running("follower"), failed(3), running("leader")],
      { kind: "wait", untilMs: NOW_MS + 800 },
    ],
    [
      "limits the pause",
      [running("follower"), failed(50), running("leader")],
      { kind: "wait", untilMs: NOW_MS + 30_000 },
    ],
  ])("%s", (_, members, action) => {
    expect(plan(RUN, observed(members, { hasServed: true }), NOW_MS).action).toEqual(action);
  });

  it("restarts a failed member when its pause is over", () => {
    const members = [running("follower"), failed(1), running("leader")];
    const step = plan(RUN, observed(members, { hasServed: true }), NOW_MS + 200);
    expect(step.action).toEqual({ kind: "start", member: 2 });
  });

  it("gives up on an ensemble that never served when a member keeps failing", () => {
    const members = [running("none"), failed(3), running("none")];
    expect(plan(RUN, observed(members), NOW_MS)).toEqual({
      action: { kind: "giveUp" },
      reason: "Member 2 ended 3 times",
    });
  });

  it("refuses another number of members than the data was made for", () => {
    const step = plan(RUN, observed([fresh, fresh, fresh], { bootstrappedReplicas: 1 }), NOW_MS);
    expect(step.action).toEqual({ kind: "giveUp" });
    expect(step.reason).toContain("Cannot change replicas from 1 to 3");
  });

  it("takes one serving server as the quorum of one", () => {
    for (const role of ["leader", "standalone"] as const) {
      const step = plan({ replicas: 1, goal: "run" }, observed([running(role)]), NOW_MS);
      expect(step.action).toEqual({ kind: "none" });
    }
  });
});

describe("plan() to stop", () => {
  it.each([
    [
      "stops followers first",
      [running("leader"), running("follower"), running("follower")],
      { kind: "stop", member: 2 },
    ],
    [
      "stops a member that does not answer before the leader",
      [running("leader"), running("none"), stopping(NOW_MS)],
      { kind: "stop", member: 2 },
    ],
    [
      "keeps the leader until the others are gone",
      [running("leader"), ready, stopping(NOW_MS - 1000)],
      { kind: "wait", untilMs: NOW_MS + 9000 },
    ],
    ["stops the leader last", [running("leader"), ready, ready], { kind: "stop", member: 1 }],
    [
      "kills what does not stop in time",
      [running("leader"), ready, stopping(NOW_MS - 10_000)],
      { kind: "kill", member: 3 },
    ],
    ["is done when nothing runs", [ready, failed(2), fresh], { kind: "none" }],
  ])("%s", (_, members, action) => {
    expect(plan(STOP, observed(members), NOW_MS).action).toEqual(action);
  });
});

describe("plan() carried out again and again", () => {
  const anyMember = fc.record({
    configured: fc.boolean(),
    process: fc.constantFrom("stopped" as const, "running" as const, "stopping" as const),
    role: fc.constant("none" as const),
    failures: fc.nat(5),
    changedAtMs: fc.option(fc.nat(NOW_MS)),
  });

  it("ends with all members serving, or all stopped, from any state", () => {
    fc.assert(
      fc.property(
        fc.array(anyMember, { minLength: 1, maxLength: 5 }),
        fc.constantFrom("run" as const, "stop" as const),
        (start, goal) => {
          let members = observed(start).members;
          let nowMs = NOW_MS;
          for (let turn = 0; turn < 200; turn += 1) {
            const state = { ...observed([]), hasServed: true, members };
            const { action } = plan({ replicas: members.length, goal }, state, nowMs);
            if (action.kind === "none") {
              const wanted = goal === "run" ? "running" : "stopped";
              expect(members.every(({ process }) => process === wanted)).toBe(true);
              return;
            }
            if (action.kind === "wait") nowMs = Math.max(nowMs + 1000, action.untilMs ?? 0);
            members = members.map((member) => carryOut(member, action, members));
          }
          expect.unreachable("The plan does not come to an end");
        },
      ),
      { numRuns: 300 },
    );
  });

  /** A world in which everything that is asked for happens, stops at the next wait. */
  function carryOut(
    member: ObservedMember,
    action: ReturnType<typeof plan>["action"],
    members: readonly ObservedMember[],
  ): ObservedMember {
    if (action.kind === "wait") {
      if (member.process === "stopping") return { ...member, process: "stopped", role: "none" };
      const first = members.find(({ process }) => process === "running");
      if (member.process !== "running") return member;
      return { ...member, role: member.id === first?.id ? "leader" : "follower" };
    }
    if (!("member" in action) || action.member !== member.id) return member;
    switch (action.kind) {
      case "writeConfig":
        return { ...member, configured: true };
      case "start":
        return { ...member, process: "running", role: "none" };
      case "stop":
        return { ...member, process: "stopping", changedAtMs: NOW_MS };
      case "kill":
        return { ...member, process: "stopped", role: "none" };
    }
  }
});
