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
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

export interface Total {
  readonly passed: number;
  readonly failed: number;
  /** One line for each suite, each skipped test, and each failure that is no test's. */
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
      failedInStep += count.failed;
      lines.push(`${suite}: ${count.passed} passed, ${count.failed} failed`);
      for (const test of count.skipped) lines.push(`${suite}: SKIPPED ${test}`);
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

function countReport(report: Report): { passed: number; failed: number; skipped: string[] } {
  const count = { passed: 0, failed: 0, skipped: [] as string[] };
  for (const file of report.testResults) {
    let failedInFile = 0;
    for (const test of file.assertionResults) {
      if (test.status === "passed") count.passed++;
      else if (test.status === "failed") failedInFile++;
      else count.skipped.push(test.fullName);
    }
    if (file.status === "failed" && failedInFile === 0) failedInFile = 1;
    count.failed += failedInFile;
  }
  return count;
}
