/**
 * The sum of a CI run. What matters is the direction of mistakes: whatever goes wrong, the sum
 * shows at least one failure.
 */

import { expect, test } from "vitest";
import { addUp } from "../../.ci/add-up.ts";
import type { Report, Step } from "../../.ci/add-up.ts";

const step: Step = { command: "npm test", exitCode: 0, suites: ["unit", "sim"] };

function report(...statuses: string[]): Report {
  const assertionResults = statuses.map((status, index) => ({
    status,
    fullName: `t${index}`,
    failureMessages: status === "failed" ? ["Error: no\n  at x.test.ts:1"] : [],
  }));
  const status = statuses.includes("failed") ? "failed" : "passed";
  return { testResults: [{ name: "x.test.ts", status, assertionResults }] };
}

test("addUp() adds the suites' counts and names what was skipped, and what failed", () => {
  const reports = new Map([
    ["unit", report("passed", "passed", "pending")],
    ["sim", report("passed", "failed")],
  ]);
  expect(addUp([{ ...step, exitCode: 1 }], reports)).toEqual({
    passed: 3,
    failed: 1,
    lines: [
      "unit: 2 passed, 0 failed",
      "unit: SKIPPED t2",
      "sim: 1 passed, 1 failed",
      "sim: FAILED t1: Error: no",
    ],
  });
});

test("addUp() counts a suite without a report as a failure", () => {
  expect(addUp([step], new Map([["unit", report("passed")]]))).toMatchObject({
    passed: 1,
    failed: 1,
  });
});

test("addUp() counts a command that failed although its tests passed", () => {
  const reports = new Map([
    ["unit", report("passed")],
    ["sim", report("passed")],
  ]);
  expect(addUp([{ ...step, exitCode: 1 }], reports)).toMatchObject({ passed: 2, failed: 1 });
});

test("addUp() counts a test file that did not load", () => {
  const broken = { testResults: [{ name: "x.test.ts", status: "failed", assertionResults: [] }] };
  const steps = [{ ...step, suites: ["unit"] }];
  expect(addUp(steps, new Map([["unit", broken]]))).toMatchObject({ passed: 0, failed: 1 });
});

test("addUp() counts a run in which nothing ran as a failure", () => {
  expect(addUp([], new Map())).toMatchObject({ passed: 0, failed: 1 });
});
