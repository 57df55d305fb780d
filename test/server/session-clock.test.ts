/** The clock of sessions stands still while the server is stalled, and at no other time. */
import { expect, test } from "vitest";
import { SessionClock } from "../../src/server/session-clock.ts";

function clockAt(startMs: number) {
  const now = { ms: startMs };
  const clock = new SessionClock({ monotonicMs: () => now.ms, wallMs: () => 0 });
  return { now, clock };
}

test("a pause between two turns does not count", () => {
  const { now, clock } = clockAt(1_000);
  clock.resume();
  now.ms += 20;
  clock.isDue();
  const beforeMs = clock.nowMs();
  now.ms += 60_000;
  clock.isDue();
  expect(clock.nowMs()).toBe(beforeMs);
});

test("the time before clients are served is no stall: it prolongs no session", () => {
  const { now, clock } = clockAt(1_000);
  clock.isDue();
  now.ms += 3_600_000;
  clock.resume();
  // A new leader gives each session its timeout from here on.
  const startMs = clock.nowMs();
  now.ms += 20;
  clock.isDue();
  expect(clock.nowMs()).toBe(startMs + 20);
});
