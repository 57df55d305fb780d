/**
 * Holds the generated files of the checkout to their generator: runs it into a folder of its own
 * and compares the two, name by name and byte by byte. Needs no git, and leaves the tree alone.
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

/** Programs that write files into the folder of their argument, and where those are checked in. */
const GENERATORS = [
  { program: "src/main/generate-crds.ts", folder: "crds", isAlone: true },
  { program: "src/main/generate-charts.ts", folder: "charts", isAlone: false },
  { program: "src/main/generate-install.ts", folder: "manifests", isAlone: false },
  { program: "src/main/generate-docs.ts", folder: "docs", isAlone: false },
];

/** Whether a file is in one folder only, or with other bytes. */
function differs(left: string, right: string, name: string): boolean {
  const [ours, theirs] = [join(left, name), join(right, name)];
  if (!existsSync(ours) || !existsSync(theirs)) return true;
  return !readFileSync(ours).equals(readFileSync(theirs));
}

/** Names of all files below a folder, relative to it. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

let isStale = false;
for (const { program, folder, isAlone } of GENERATORS) {
  const fresh = mkdtempSync(join(tmpdir(), "ensemble-generated-"));
  try {
    execFileSync(process.execPath, [program, fresh], { stdio: "inherit" });
    const written = filesIn(fresh);
    if (written.length === 0) {
      throw new Error(`Cannot check: ${program} wrote nothing into the folder of its argument`);
    }
    // In a folder of its own, a file that the generator does not write any more is stale too.
    const names = new Set([...written, ...(isAlone ? filesIn(folder) : [])]);
    for (const name of [...names].sort()) {
      if (!differs(folder, fresh, name)) continue;
      console.error(`${folder}/${name} is not what ${program} writes`);
      isStale = true;
    }
  } finally {
    rmSync(fresh, { recursive: true });
  }
}
if (isStale) {
  console.error("Run 'npm run generate', look at what changed, and keep it.");
  process.exitCode = 1;
}
