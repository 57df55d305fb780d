import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CONDITIONS, buildCondition, mergeConditions } from "../../../src/operator/index.ts";

const EARLIER = { generation: 1, now: "2026-01-01T00:00:00Z" };
const LATER = { generation: 2, now: "2026-01-01T00:01:00Z" };

describe("CONDITIONS", () => {
  const rows = Object.entries(CONDITIONS).flatMap(([type, { reasons }]) =>
    Object.entries(reasons).map(([reason, row]) => ({ type, reason, ...row })),
  );

  it("has reasons that Kubernetes takes", () => {
    for (const { reason } of rows) expect(reason).toMatch(/^[A-Z][A-Za-z]*$/u);
  });

  it("can be true and false in every condition", () => {
    for (const type of Object.keys(CONDITIONS)) {
      const statuses = rows.filter((row) => row.type === type).map(({ status }) => status);
      expect(statuses).toEqual(expect.arrayContaining(["True", "False"]));
    }
  });

  it("is what the documentation says, and no more", () => {
    const page = readFileSync(new URL("../../../docs/ensemble.md", import.meta.url), "utf8");
    const documented = [...page.matchAll(/^\| `(\w+)` \| (True|False|Unknown) \|/gmu)];
    expect(documented.map(([, reason, status]) => `${reason!} ${status!}`)).toEqual(
      rows.map(({ reason, status }) => `${reason} ${status}`),
    );
  });
});

describe("buildCondition()", () => {
  it("takes the status from the reason", () => {
    expect(buildCondition("Ready", "NoQuorum", "1 of 3 voters serve", EARLIER)).toEqual({
      type: "Ready",
      status: "False",
      observedGeneration: 1,
      lastTransitionTime: "2026-01-01T00:00:00Z",
      reason: "NoQuorum",
      message: "1 of 3 voters serve",
    });
  });
});

describe("mergeConditions()", () => {
  const before = [buildCondition("Ready", "NoQuorum", "1 of 3", EARLIER)];

  it("keeps the time while the status is the same, whatever the reason", () => {
    const next = [buildCondition("Ready", "PodsDiffer", "2 of 3", LATER)];
    expect(mergeConditions(before, next)).toEqual([
      { ...next[0], lastTransitionTime: EARLIER.now },
    ]);
  });

  it("changes nothing when the same is said again", () => {
    const again = [buildCondition("Ready", "NoQuorum", "1 of 3", { ...EARLIER, now: LATER.now })];
    expect(mergeConditions(before, again)).toEqual(before);
  });

  it("takes the new time when the status changes or the condition is new", () => {
    const next = [
      buildCondition("Ready", "AsWanted", "", LATER),
      buildCondition("Degraded", "AsExpected", "", LATER),
    ];
    expect(mergeConditions(before, next)).toEqual(next);
  });
});
