import { describe, expect, it } from "vitest";
import { RoleMetrics } from "../../../src/server/metrics/role-metrics.ts";

describe("RoleMetrics", () => {
  it("times an election, the synchronisation behind it and the time without service", () => {
    const roles = new RoleMetrics(100);
    roles.changed({ role: "following", serving: false }, 350);
    roles.changed({ role: "following", serving: true }, 400);
    expect(roles).toMatchObject({
      lookingCount: 1,
      electionMs: { count: 1, sum: 250 },
      followerSyncMs: { count: 1, sum: 50 },
      unavailableMs: { count: 1, sum: 300 },
      leaderUnavailableMs: { count: 0 },
    });
    expect(roles.leaderUptimeMs(500)).toBeNull();
  });

  it("counts from the loss of the role to the next service", () => {
    const roles = new RoleMetrics(0);
    roles.changed({ role: "leading", serving: false }, 10);
    roles.changed({ role: "leading", serving: true }, 20);
    expect(roles.leaderUptimeMs(50)).toBe(30);
    roles.changed({ role: "looking", serving: false }, 1000);
    expect(roles.leaderUptimeMs(1001)).toBeNull();
    roles.changed({ role: "leading", serving: false }, 1200);
    roles.changed({ role: "leading", serving: true }, 1300);
    expect(roles).toMatchObject({
      lookingCount: 2,
      electionMs: { count: 2, sum: 210 },
      unavailableMs: { count: 2, sum: 320 },
      leaderUnavailableMs: { count: 2, sum: 320 },
    });
  });

  it("keeps an observer's synchronisation apart", () => {
    const roles = new RoleMetrics(0);
    roles.changed({ role: "observing", serving: false }, 5);
    roles.changed({ role: "observing", serving: true }, 7);
    expect(roles).toMatchObject({ observerSyncMs: { sum: 2 }, followerSyncMs: { count: 0 } });
  });
});
