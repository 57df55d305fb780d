/**
 * Adds up what the commands of a CI run say: the counts in Vitest's JSON reports, the suites that
 * left no report, and the commands that failed without a failing test. Nothing that went wrong may
 * come out as zero failures: a test file that did not load has no tests to count, and a command
 * can fail before its first suite. Pure: `.ci/sum.ts` reads the files and prints.
 */

/** One command of the run: its exit code, and the suites whose reports it should have left. */
export interface Step {
  readonly command: string;
  readonly exitCode: number;
  readonly suites: readonly string[];
}

/** The part of Vitest's JSON report that is read here. */
export interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    /** Why a file did not load. */
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

export interface Total {
  readonly passed: number;
  readonly failed: number;
  /** One line for each suite, each skipped test, and each failure. */
  readonly lines: readonly string[];
}

/** Adds up `steps`; `reports` holds the report of each suite that left one. */
export function addUp(steps: readonly Step[], reports: ReadonlyMap<string, Report>): Total {
  let passed = 0;
  let failed = 0;
  const lines: string[] = [];
  for (const step of steps) {
    let failedInStep = 0;
    for (const suite of step.suites) {
      const report = reports.get(suite);
      if (report === undefined) {
        failedInStep++;
        lines.push(`${suite}: DID NOT RUN (${step.command})`);
        continue;
      }
      const count = countReport(report);
      passed += count.passed;
      failedInStep += count.failures.length;
      lines.push(`${suite}: ${count.passed} passed, ${count.failures.length} failed`);
      for (const test of count.skipped) lines.push(`${suite}: SKIPPED ${test}`);
      for (const failure of count.failures) lines.push(`${suite}: FAILED ${failure}`);
    }
    if (step.exitCode !== 0 && failedInStep === 0) {
      failedInStep = 1;
      lines.push(`FAILED with exit code ${step.exitCode}: ${step.command}`);
    }
    failed += failedInStep;
  }
  if (passed + failed === 0) return { passed, failed: 1, lines: [...lines, "NOTHING RAN"] };
  return { passed, failed, lines };
}

interface Count {
  passed: number;
  readonly failures: string[];
  readonly skipped: string[];
}

function countReport(report: Report): Count {
  const count: Count = { passed: 0, failures: [], skipped: [] };
  for (const file of report.testResults) {
    const before = count.failures.length;
    for (const test of file.assertionResults) {
      if (test.status === "passed") count.passed++;
      else if (test.status === "failed")
        count.failures.push(named(test.fullName, test.failureMessages?.[0]));
      else count.skipped.push(test.fullName);
    }
    if (file.status === "failed" && count.failures.length === before) {
      count.failures.push(named(file.name, file.message));
    }
  }
  return count;
}

/** What failed, and the first line of why. */
function named(what: string, why = ""): string {
  const [line = ""] = why.split("\n");
  return line === "" ? what : `${what}: ${line}`;
}
