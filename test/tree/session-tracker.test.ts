import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SessionTracker } from "../../src/tree/index.ts";
import { ErrorCode } from "../../src/wire/index.ts";

describe("SessionTracker", () => {
  it("rounds deadlines up to the next tick", () => {
    const tracker = new SessionTracker(1000);
    tracker.track(1n, 4000, 500);
    expect(tracker.nextExpiryMs()).toBe(5000);
    expect(tracker.expire(4999)).toEqual([]);
    expect(tracker.expire(5000)).toEqual([1n]);
    expect(tracker.nextExpiryMs()).toBeUndefined();
  });

  it("gives a whole tick more when the deadline falls on a tick", () => {
    const tracker = new SessionTracker(1000);
    tracker.track(1n, 4000, 1000);
    expect(tracker.nextExpiryMs()).toBe(6000);
  });

  it("returns each expired session once, and it is closing until removed", () => {
    const tracker = new SessionTracker(10);
    tracker.track(1n, 100, 0);
    expect(tracker.expire(1000)).toEqual([1n]);
    expect(tracker.isClosing(1n)).toBe(true);
    expect(tracker.touch(1n, 1000)).toBe(false);
    expect(tracker.expire(5000)).toEqual([]);
    expect(tracker.has(1n)).toBe(true);
    tracker.remove(1n);
    expect(tracker.has(1n)).toBe(false);
    expect(tracker.count).toBe(0);
  });

  it("does not expire a session that is being closed by its client", () => {
    const tracker = new SessionTracker(10);
    tracker.track(1n, 100, 0);
    tracker.setClosing(1n);
    expect(tracker.expire(1000)).toEqual([]);
    expect(tracker.check(1n, 1)).toBe(ErrorCode.sessionExpired);
  });

  it("postpones on touch, with the timeout that the touch brings", () => {
    const tracker = new SessionTracker(10);
    tracker.track(1n, 100, 0);
    expect(tracker.touch(1n, 95)).toBe(true);
    expect(tracker.expire(110)).toEqual([]);
    expect(tracker.expire(200)).toEqual([1n]);
    tracker.track(2n, 100, 0);
    expect(tracker.touch(2n, 0, 500)).toBe(true);
    expect(tracker.timeoutOf(2n)).toBe(500);
    expect(tracker.nextExpiryMs()).toBe(510);
    expect(tracker.touch(3n, 0)).toBe(false);
  });

  it("gives a session to the first owner and refuses others until it moves", () => {
    const tracker = new SessionTracker(10);
    expect(tracker.check(1n, 1)).toBe(ErrorCode.sessionExpired);
    tracker.track(1n, 100, 0);
    expect(tracker.owner(1n)).toBeUndefined();
    expect(tracker.check(1n, 1)).toBe(ErrorCode.ok);
    expect(tracker.check(1n, 2)).toBe(ErrorCode.sessionMoved);
    expect(tracker.setOwner(1n, 2)).toBe(true);
    expect(tracker.check(1n, 2)).toBe(ErrorCode.ok);
    expect(tracker.owner(1n)).toBe(2);
    expect(tracker.setOwner(9n, 2)).toBe(false);
  });

  it("expires at the rounded deadline of the last touch, whatever happened before", () => {
    const touch = fc.record({
      id: fc.bigInt(1n, 4n),
      afterMs: fc.nat(300),
      timeoutMs: fc.nat(500),
    });
    fc.assert(
      fc.property(fc.array(touch, { minLength: 1, maxLength: 40 }), (touches) => {
        const tracker = new SessionTracker(100);
        const deadlines = new Map<bigint, number>();
        let nowMs = 0;
        for (const { id, afterMs, timeoutMs } of touches) {
          nowMs += afterMs;
          const due = [...deadlines].filter(([, deadlineMs]) => deadlineMs <= nowMs);
          expect(tracker.expire(nowMs).sort()).toEqual(due.map(([dueId]) => dueId).sort());
          for (const [dueId] of due) {
            deadlines.delete(dueId);
            tracker.remove(dueId);
          }
          tracker.track(id, timeoutMs, nowMs);
          deadlines.set(id, (Math.floor((nowMs + timeoutMs) / 100) + 1) * 100);
          const shown = tracker
            .deadlines()
            .flatMap(([ms, ids]) => Array.from(ids, (each) => [each, ms]));
          expect(new Map(shown as [bigint, number][])).toEqual(deadlines);
          expect(tracker.nextExpiryMs()).toBe(Math.min(...deadlines.values()));
        }
      }),
    );
  });
});
