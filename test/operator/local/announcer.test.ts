import { describe, expect, it } from "vitest";
import { Announcer } from "../../../src/operator/local/announcer.ts";
import type { EnsembleObserved } from "../../../src/operator/plan/index.ts";
import { planEnsemble } from "../../../src/operator/plan/index.ts";
import { viewEnsemble } from "../../../src/operator/plan/ensemble-view.ts";
import { atRest, wanted } from "../plan/support/observations.ts";

/** An announcer, what it has told, and a clock. */
class Listener {
  readonly told: string[] = [];
  nowMs = 1000;
  readonly #announcer = new Announcer(
    {
      report: () => [],
      onEvent: (event) => {
        this.told.push(event.kind === "waiting" ? event.reason : event.kind);
      },
    },
    1000,
  );

  /** Shows it an ensemble some time later; what it has told about that. */
  see(observed: EnsembleObserved, laterMs: number, replicas = 3): string[] {
    const before = this.told.length;
    const spec = wanted({ replicas });
    this.nowMs += laterMs;
    this.#announcer.update(viewEnsemble(spec, observed), planEnsemble(spec, observed), this.nowMs);
    return this.told.slice(before);
  }
}

const healthy = atRest(3);
const leaderless: EnsembleObserved = { ...healthy, committed: null };

/** Member 3 does not answer. */
const withoutOne: EnsembleObserved = {
  ...healthy,
  members: healthy.members.map((member) => {
    return member.sid === 3 ? { ...member, report: null } : member;
  }),
};

describe("Announcer", () => {
  it("tells at once that all members serve, and only once", () => {
    const listener = new Listener();
    expect(listener.see(healthy, 0)).toEqual(["serving"]);
    expect(listener.see(healthy, 1000)).toEqual([]);
  });

  it("waits a second for the members that a quorum can do without", () => {
    const listener = new Listener();
    expect(listener.see(withoutOne, 0)).toEqual([]);
    expect(listener.see(withoutOne, 999)).toEqual([]);
    expect(listener.see(withoutOne, 1)).toEqual(["serving"]);
  });

  it("tells of a lost quorum when it is away for longer than a hand-over takes", () => {
    const listener = new Listener();
    listener.see(healthy, 0);
    expect(listener.see(leaderless, 999)).toEqual([]);
    expect(listener.see(healthy, 1)).toEqual([]);
    expect(listener.see(leaderless, 1000)).toEqual(["quorumLost"]);
    expect(listener.see(leaderless, 1000)).toEqual([]);
    expect(listener.see(healthy, 1)).toEqual(["serving"]);
  });

  it("tells every 15 s that nothing serves", () => {
    const listener = new Listener();
    expect(listener.see(leaderless, 14_999)).toEqual([]);
    expect(listener.see(leaderless, 1)).toEqual(["stillWaiting"]);
    expect(listener.see(leaderless, 14_999)).toEqual([]);
    expect(listener.see(leaderless, 1)).toEqual(["stillWaiting"]);
  });

  it("tells that the members are others when all is as wanted", () => {
    const listener = new Listener();
    listener.see(healthy, 0);
    expect(listener.see(atRest(4), 1, 5)).toEqual([]);
    expect(listener.see(atRest(5), 1, 5)).toEqual(["membersChanged"]);
    expect(listener.see(atRest(5), 1, 5)).toEqual([]);
  });

  it("tells once what is waited for when that takes long", () => {
    const listener = new Listener();
    const reason = "Member 3 must become synchronised";
    listener.see(healthy, 0);
    expect(listener.see(withoutOne, 0)).toEqual([]);
    expect(listener.see(withoutOne, 4999)).toEqual([]);
    expect(listener.see(withoutOne, 1)).toEqual([reason]);
    expect(listener.see(withoutOne, 5000)).toEqual([]);
    listener.see(healthy, 1);
    expect(listener.see(withoutOne, 1)).toEqual([]);
    expect(listener.see(withoutOne, 5000)).toEqual([reason]);
  });

  it("tells when all members have taken settings up, and not of those that are replaced", () => {
    const saying = (digest: string, isCurrent = true): EnsembleObserved => ({
      ...healthy,
      members: healthy.members.map((member) => ({
        ...member,
        pod: member.pod && { ...member.pod, isCurrent },
        report: member.report && { ...member.report, settings: { digest, awaitsRestart: false } },
        settingsDigest: "new",
      })),
    });
    const listener = new Listener();
    expect(listener.see(saying("new"), 0)).toEqual(["serving"]);
    expect(listener.see(saying("old"), 100)).toEqual([]);
    expect(listener.see(saying("new"), 100)).toEqual(["settingsTakenUp"]);
    expect(listener.see(saying("new"), 100)).toEqual([]);
    listener.see(saying("old", false), 100);
    expect(listener.see(saying("new"), 100)).toEqual([]);
  });
});
