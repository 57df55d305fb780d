/**
 * What the planner of whole ensembles never does, whatever is wrong: the conditions of each action,
 * restated without a look at how the planner comes to it.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  describeConditions,
  describeMembers,
  planEnsemble,
} from "../../../src/operator/plan/index.ts";
import type {
  EnsembleObserved,
  EnsembleStep,
  EnsembleWanted,
  ObservedEnsembleMember,
} from "../../../src/operator/plan/index.ts";
import { situationAny } from "./support/situations.ts";

type Action = EnsembleStep["action"];
type Kind = Action["kind"];
type Check<K extends Kind> = (
  action: Extract<Action, { kind: K }>,
  observed: EnsembleObserved,
  wanted: EnsembleWanted,
) => void;

const RUNS = 10_000;

const PROMISES: { readonly [K in Kind]: Check<K> } = {
  recordForming(_, { recorded, members }) {
    expect(recorded.phase).toBeNull();
    const marked = members.filter(({ claims }) =>
      claims.some((claim) => claim.ensembleUid !== null),
    );
    expect(marked).toEqual([]);
  },

  recordAdopted({ ensembleUid, firstSid, sizes }, { recorded, members }) {
    expect(recorded.phase).toBeNull();
    const marks = members.flatMap(({ claims }) =>
      claims.flatMap((claim) => claim.ensembleUid ?? []),
    );
    expect(new Set(marks)).toEqual(new Set([ensembleUid]));
    // Every member that may have a vote has a pod.
    const withVolume = members.flatMap(({ sid, claims }) => (claims.length > 0 ? [sid] : []));
    const last = Math.max(firstSid - 1, ...withVolume.filter((sid) => sid <= 100));
    expect(sizes.members).toBe(last - firstSid + 1);
    expect(sizes.observers).toBe(Math.max(100, ...withVolume) - 100);
  },

  recordImporting({ firstSid, servers }, { recorded }, wanted) {
    expect(recorded.phase).toBeNull();
    expect(wanted.import).not.toBeNull();
    for (const { sid } of servers) expect(sid).toBeLessThan(firstSid);
    expect(firstSid + wanted.replicas).toBeLessThanOrEqual(100);
  },

  recordRecovery({ survivor, lostUid, zxid }, observed, { recovery }) {
    const { committed, members, recorded } = observed;
    // It is what the user has said.
    expect(recovery).toEqual({ survivor, ensembleUid: lostUid, zxid, acceptsLoss: true });
    expect(recorded).toMatchObject({ phase: "Running", ensembleUid: lostUid });
    // Nobody leads, nor follows.
    expect(committed).toBeNull();
    for (const { report } of members) expect(report?.role ?? "none").toBe("none");
    const hasVolume = ({ claims, report }: ObservedEnsembleMember): boolean =>
      claims.length > 0 &&
      claims.every(({ state }) => state === "bound") &&
      (report === null || report.diskProblem === null);
    const able = members.filter((each) => {
      return each.sid <= recorded.sizes.members && hasVolume(each);
    });
    expect(able.map(({ sid }) => sid)).toContain(survivor);
    for (const { report } of able) expect(report?.zxid).toBeLessThanOrEqual(zxid);
    expect(able.length * 2).toBeLessThanOrEqual(recorded.sizes.members);
    expect(memberOf(observed, survivor)).toMatchObject({ pod: { state: "running" } });
    expect(memberOf(observed, survivor)).toMatchObject({ report: { zxid, ensembleUid: lostUid } });
  },

  recordRunning(_, observed) {
    const old = observed.recorded.imported.map(({ sid }) => sid);
    const { phase } = observed.recorded;
    expect(["Forming", "Recovering"].includes(phase ?? "")).toBe(old.length === 0);
    if (phase === "Recovering") expect(memberOf(observed, 1).report?.ensembleUid).toBe("new");
    for (const sid of membership(observed)) expect(old).not.toContain(sid);
    expect(soundVoters(observed).length * 2).toBeGreaterThan(voters(observed).length);
  },

  recordSizes({ sizes }, observed) {
    const { committed, recorded } = observed;
    const offset = recorded.firstSid - 1;
    const last = Math.max(...voters(observed)) - offset;
    // There is a pod for every member.
    expect(sizes.members).toBeGreaterThanOrEqual(last);
    // A pod is added only when all before it are voters; or one is written down that is there.
    if (sizes.members <= recorded.sizes.members) return;
    const isMending = last > recorded.sizes.members;
    const all = Array.from({ length: recorded.sizes.members }, (_, index) => offset + index + 1);
    if (!isMending) expect(committed?.voters).toEqual(expect.arrayContaining(all));
  },

  applyChildren({ isFounding, sizes }, { children, recorded }) {
    expect(isFounding).toBe(recorded.phase === "Forming");
    // It ends no pods, but all of them for a recovery.
    if (recorded.phase === "Recovering") return;
    expect(sizes.members).toBeGreaterThanOrEqual(children.sizes.members ?? 0);
    expect(sizes.observers).toBeGreaterThanOrEqual(children.sizes.observers ?? 0);
  },

  resizeStatefulSet({ component, fromReplicas, replicas }, observed, wanted) {
    expect(fromReplicas).toBe(observed.children.sizes[component]);
    const isAble = !["Importing", "Recovering"].includes(observed.recorded.phase ?? "");
    const isHibernated = wanted.isHibernated && isAble;
    if (replicas > fromReplicas) {
      if (observed.recorded.phase !== "Recovering" || wanted.isDeleted) return;
      // No pod is left that was made before.
      expect(observed.children).toMatchObject({ isCurrent: true, isSettled: true });
      for (const { pod } of observed.members) expect(pod?.isCurrent ?? true).toBe(true);
      return;
    }
    if (isHibernated) return;
    // Old servers of an import count on the members that have joined them.
    const areCountedOn =
      observed.committed === null
        ? observed.members.some(({ pod }) => pod !== null)
        : membership(observed).some((one) => isOld(observed, one));
    if (wanted.isDeleted && !(observed.recorded.phase === "Importing" && areCountedOn)) return;
    // A pod ends only after its member has left.
    expect(observed.committed).not.toBeNull();
    const base = component === "members" ? observed.recorded.firstSid - 1 : 100;
    for (let sid = base + replicas + 1; sid <= base + fromReplicas; sid += 1) {
      expect(membership(observed)).not.toContain(sid);
    }
  },

  addMember({ sid, role, fromVersion }, observed, wanted) {
    expect(fromVersion).toBe(observed.committed?.version);
    expect(isServing(observed, voters(observed))).toBe(true);
    expect(voters(observed)).not.toContain(sid);
    expect(oldOf(observed)).not.toContain(sid);
    const { report } = memberOf(observed, sid);
    expect(report).toMatchObject({ isSynced: true, diskProblem: null });
    // Who leads is level with itself, whatever the membership says of it.
    if (report?.role !== "leader") expect(report?.lag).toBeLessThanOrEqual(1000);
    expect(role).toBe(sid > 100 ? "observer" : "participant");
    expect(isWanted(wanted, observed, sid)).toBe(true);
  },

  removeMember({ sid, fromVersion }, observed, wanted) {
    expect(fromVersion).toBe(observed.committed?.version);
    const staying = voters(observed).filter((voter) => voter !== sid);
    expect(staying).not.toEqual([]);
    if (oldOf(observed).includes(sid)) {
      expect(wanted.import?.takesOver).toBe(true);
      expect(staying.some((voter) => !oldOf(observed).includes(voter))).toBe(true);
      // Who serves leaves last, when all have come.
      if (soundVoters(observed).includes(sid)) {
        expect(soundVoters(observed)).toEqual(voters(observed));
        expect(isJoined(wanted, observed)).toBe(true);
      }
      const sound = staying.filter((voter) => soundVoters(observed).includes(voter));
      expect(sound.length * 2).toBeGreaterThan(staying.length);
      return;
    }
    if (observed.recorded.phase === "Importing" && wanted.isDeleted) {
      return;
    }
    expect(isWanted(wanted, observed, sid)).toBe(false);
    expect(isServing(observed, staying)).toBe(true);
  },

  transferLeadership({ from, to }, observed) {
    expect(memberOf(observed, from).report?.role).toBe("leader");
    expect(soundVoters(observed).filter((sid) => sid !== from)).toContain(to);
    expect(oldOf(observed)).not.toContain(to);
    expect(observed.failedHandOvers).toBeLessThan(3);
  },

  deletePod({ sid, uid }, observed) {
    const { pod } = memberOf(observed, sid);
    expect(pod?.uid).toBe(uid);
    expect(observed.members.some((each) => each.pod?.state === "terminating")).toBe(false);
    if (observed.committed === null) expect(pod?.isReady).toBe(false);
    // Who serves may end only while all voters do.
    const sound = soundVoters(observed);
    const others = voters(observed).filter((voter) => voter !== sid);
    if (!sound.includes(sid)) return;
    expect(sound).toEqual(expect.arrayContaining(others.filter((one) => !isOld(observed, one))));
    // Without this one: those that are imported and do not serve are done without.
    const down = others.filter((one) => !sound.includes(one)).length;
    if (down > 0) expect((down + 1) * 2).toBeLessThan(others.length + 1);
  },

  markClaim({ sid, uid, ensembleUid }, observed) {
    const { claims, report } = memberOf(observed, sid);
    expect(claims.map((claim) => claim.uid)).toContain(uid);
    expect(ensembleUid).toBe(observed.recorded.ensembleUid);
    expect(report).toMatchObject({ ensembleUid, isSynced: true, diskProblem: null });
  },

  deleteClaim({ sid, uid }, observed, wanted) {
    const { claims, pod } = memberOf(observed, sid);
    const claim = claims.find((candidate) => candidate.uid === uid);
    expect(claim).toBeDefined();
    if (claim?.state === "lost" && observed.committed !== null) return;
    expect(pod).toBeNull();
    if (wanted.isDeleted) {
      expect(wanted.retention.whenDeleted).toBe("Delete");
      return;
    }
    expect(wanted.retention.whenScaled).toBe("Delete");
    expect(observed.committed).not.toBeNull();
    expect(membership(observed)).not.toContain(sid);
  },

  growClaim({ sid, uid }, observed) {
    const claim = memberOf(observed, sid).claims.find((candidate) => candidate.uid === uid);
    expect(claim).toMatchObject({ state: "bound", growth: "short" });
  },

  orphanPods({ component }, observed) {
    const { children, members, recorded } = observed;
    expect(children).toMatchObject({ isCurrent: true, isSettled: true, sizes: recorded.sizes });
    expect(children.outgrown).toContain(component);
    // Nobody comes or goes.
    expect(soundVoters(observed)).toEqual(voters(observed));
    expect(observed.committed).not.toBeNull();
    const pods = members.flatMap(({ pod }) => (pod === null ? [] : [pod]));
    expect(pods.every(({ isCurrent, state }) => isCurrent && state !== "terminating")).toBe(true);
  },

  release(_, { members }, wanted) {
    expect(wanted.isDeleted).toBe(true);
    if (wanted.retention.whenDeleted === "Retain") return;
    expect(members.every(({ pod, claims }) => pod === null && claims.length === 0)).toBe(true);
  },

  wait: () => undefined,
  none: () => undefined,
};

describe("planEnsemble() in any situation", () => {
  it("takes no step that is not safe", () => {
    const seen = new Map<Kind, number>();
    fc.assert(
      fc.property(situationAny, ({ wanted, observed }) => {
        const { action } = planEnsemble(wanted, observed);
        seen.set(action.kind, (seen.get(action.kind) ?? 0) + 1);
        const check = PROMISES[action.kind] as Check<Kind>;
        check(action, observed, wanted);
      }),
      { numRuns: RUNS },
    );
    for (const kind of Object.keys(PROMISES) as Kind[]) {
      expect(seen.get(kind) ?? 0, `actions of kind ${kind}`).toBeGreaterThan(RUNS / 1000);
    }
  });

  it("says that all is as wanted only if it has nothing to do to members", () => {
    fc.assert(
      fc.property(situationAny, ({ wanted, observed }) => {
        const step = planEnsemble(wanted, observed);
        const { Ready } = describeConditions(wanted, observed, step);
        if (Ready.reason !== "AsWanted" || wanted.isDeleted) return;
        expect(soundVoters(observed)).toHaveLength(wanted.replicas);
        expect(["addMember", "removeMember", "wait"]).not.toContain(step.action.kind);
        // A pod that has left the membership may be there still.
        const { sizes } = observed.recorded;
        const all = wanted.replicas + wanted.observers;
        if (sizes.members + sizes.observers > all) return;
        const { memberSummary } = describeMembers(wanted, observed);
        expect(memberSummary).toBe(`${all}/${all}`);
      }),
    );
  });

  it("changes nothing while paused, unless the ensemble is deleted", () => {
    fc.assert(
      fc.property(situationAny, ({ wanted, observed }) => {
        const paused = { ...wanted, isPaused: true, isDeleted: false };
        const { action } = planEnsemble(paused, observed);
        // Claims say what is on their volumes nevertheless.
        if (action.kind !== "markClaim") expect(action).toEqual({ kind: "none" });
      }),
    );
  });
});

/** The voters that serve, going by what they say alone. */
function soundVoters(observed: EnsembleObserved): number[] {
  const isUp = ({ sid, pod }: ObservedEnsembleMember): boolean =>
    pod?.state === "running" || isOld(observed, sid);
  const epochs = observed.members.map((member) =>
    isUp(member) && member.report?.role === "leader" ? member.report.epoch : 0,
  );
  const epoch = Math.max(...epochs);
  return voters(observed).filter((sid) => {
    const member = memberOf(observed, sid);
    const { pod, report } = member;
    if (!isUp(member) || (pod !== null && !pod.isReady) || report === null) return false;
    if (!report.isSynced || report.epoch !== epoch || report.diskProblem !== null) return false;
    const { ensembleUid } = observed.recorded;
    if (report.ensembleUid !== null && report.ensembleUid !== ensembleUid) return false;
    return report.role === "leader" || (report.lag !== null && report.lag <= 1000);
  });
}

/** Whether all of some voters serve; of those that are imported, so many that all are a quorum. */
function isServing(observed: EnsembleObserved, sids: readonly number[]): boolean {
  const down = sids.filter((sid) => !soundVoters(observed).includes(sid));
  return down.every((sid) => isOld(observed, sid)) && down.length * 2 < sids.length;
}

function isJoined(wanted: EnsembleWanted, observed: EnsembleObserved): boolean {
  const { firstSid } = observed.recorded;
  const all = Array.from({ length: wanted.replicas }, (_, index) => firstSid + index);
  return all.every((sid) => voters(observed).includes(sid));
}

function oldOf({ recorded }: EnsembleObserved): number[] {
  return recorded.imported.map(({ sid }) => sid);
}

function isOld(observed: EnsembleObserved, sid: number): boolean {
  return oldOf(observed).includes(sid);
}

function voters({ committed }: EnsembleObserved): readonly number[] {
  return committed?.voters ?? [];
}

function membership({ committed }: EnsembleObserved): number[] {
  return [...(committed?.voters ?? []), ...(committed?.observers ?? [])];
}

function memberOf({ members }: EnsembleObserved, sid: number): ObservedEnsembleMember {
  const nobody = { sid, pod: null, claims: [], report: null };
  return members.find((member) => member.sid === sid) ?? nobody;
}

function isWanted(
  { replicas, observers }: EnsembleWanted,
  { recorded }: EnsembleObserved,
  sid: number,
): boolean {
  return sid > 100 ? sid - 100 <= observers : sid < recorded.firstSid + replicas;
}
