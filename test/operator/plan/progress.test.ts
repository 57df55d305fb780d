import { expect, test } from "vitest";
import { followProgress, isOverdue, planEnsemble } from "../../../src/operator/plan/index.ts";
import type {
  EnsembleObserved,
  EnsembleWanted,
  ObservedEnsembleMember,
  Progress,
} from "../../../src/operator/plan/index.ts";
import { atRest, member, wanted } from "./support/observations.ts";

const EARLY = "2026-01-01T00:00:00Z";
const LATER = "2026-01-01T00:05:00Z";

interface Look {
  readonly asked?: Partial<EnsembleWanted>;
  readonly seen?: Partial<EnsembleObserved>;
}

/** How far three members have come that differ from an ensemble at rest. */
function follow({ asked = {}, seen = {} }: Look, now: string, before: Progress | null = null) {
  const want = wanted(asked);
  const observed = { ...atRest(3), ...seen };
  return followProgress(
    { wanted: want, observed, step: planEnsemble(want, observed), now },
    before,
  );
}

function withMembers(...changed: ObservedEnsembleMember[]): Look {
  const members = [1, 2, 3].map((sid) => changed.find((one) => one.sid === sid) ?? member(sid));
  return { seen: { members } };
}

function outdated(sid: number): ObservedEnsembleMember {
  const { pod, ...rest } = member(sid);
  return { ...rest, pod: pod === null ? null : { ...pod, isCurrent: false } };
}

const missing: ObservedEnsembleMember = { ...member(3), pod: null, report: null };

test("there is nothing to come closer to where all is as wanted, or the operator looks on", () => {
  expect(follow({}, EARLY)).toBeNull();
  expect(follow({ asked: { isPaused: true, replicas: 5 } }, EARLY)).toBeNull();
  expect(follow(withMembers(), LATER, { remaining: 1, since: EARLY })).toBeNull();
});

test("a roll comes closer with each pod, not with each step", () => {
  const all = withMembers(outdated(1), outdated(2), outdated(3));
  const begun = follow(all, EARLY);
  expect(begun).toEqual({ remaining: 3, since: EARLY });
  expect(follow(withMembers(outdated(1), outdated(2), missing), LATER, begun)).toEqual(begun);
  const next = { remaining: 2, since: LATER };
  expect(follow(withMembers(outdated(1), outdated(2)), LATER, begun)).toEqual(next);
});

test("a member that fails and recovers does not start the clock anew", () => {
  const before = { remaining: 2, since: EARLY };
  const asked = { replicas: 5 };
  expect(follow({ asked, ...withMembers(missing) }, LATER, before)).toEqual(before);
  expect(follow({ asked }, LATER, before)).toEqual(before);
});

test("members come and go one at a time, and each is progress", () => {
  expect(follow({ asked: { replicas: 4, observers: 1 } }, EARLY)?.remaining).toBe(2);
  expect(follow({ asked: { replicas: 1 } }, EARLY)?.remaining).toBe(2);
  expect(follow({ asked: { isHibernated: true } }, EARLY)?.remaining).toBe(3);
});

test("isOverdue() counts from the recorded time, and not from one that is no time", () => {
  const progress = { remaining: 1, since: EARLY };
  expect(isOverdue(progress, LATER, 300)).toBe(false);
  expect(isOverdue(progress, LATER, 299)).toBe(true);
  expect(isOverdue({ ...progress, since: LATER }, EARLY, 1)).toBe(false);
  expect(isOverdue({ ...progress, since: "" }, LATER, 1)).toBe(false);
});
