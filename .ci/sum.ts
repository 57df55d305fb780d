/**
 * Prints what a CI run came to: `node .ci/sum.ts <folder>`. The folder holds the suites' JSON
 * reports and `steps.tsv`, a line for each command: exit code, command, suites with commas. The
 * last line is always "N passed, N failed"; the exit code is 1 when anything failed or did not run.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { addUp } from "./add-up.ts";
import type { Report, Step } from "./add-up.ts";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("Cannot add up: name the folder of the reports");

const steps = readFileSync(join(folder, "steps.tsv"), "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line): Step => {
    const [exitCode = "", command = "", suites = ""] = line.split("\t");
    return { exitCode: Number(exitCode), command, suites: suites.split(",").filter(Boolean) };
  });

const reports = new Map<string, Report>();
for (const suite of steps.flatMap((step) => step.suites)) {
  const file = join(folder, `${suite}.json`);
  if (existsSync(file)) reports.set(suite, JSON.parse(readFileSync(file, "utf8")) as Report);
}

const total = addUp(steps, reports);
console.log(["", ...total.lines].join("\n"));
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
