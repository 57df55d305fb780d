/**
 * Holds the generated files of the checkout to their generator: runs it into a folder of its own
 * and compares the two, name by name and byte by byte. Needs no git, and leaves the tree alone.
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const GENERATOR = "src/main/generate-crds.ts";
const CHECKED_IN = "crds";

/** The files that differ between two folders: in one only, or with other bytes. */
function differences(left: string, right: string): string[] {
  const names = new Set([left, right].flatMap((folder) => readdirSync(folder)));
  return [...names].sort().filter((name) => {
    const [ours, theirs] = [join(left, name), join(right, name)];
    if (!existsSync(ours) || !existsSync(theirs)) return true;
    return !readFileSync(ours).equals(readFileSync(theirs));
  });
}

const fresh = mkdtempSync(join(tmpdir(), "ensemble-generated-"));
try {
  execFileSync(process.execPath, [GENERATOR, fresh], { stdio: "inherit" });
  if (readdirSync(fresh).length === 0) {
    throw new Error(`Cannot check: ${GENERATOR} wrote nothing into the folder of its argument`);
  }
  const stale = differences(CHECKED_IN, fresh);
  for (const name of stale) console.error(`${CHECKED_IN}/${name} is not what ${GENERATOR} writes`);
  if (stale.length > 0) {
    console.error("Run 'npm run generate', look at what changed, and keep it.");
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true });
}
