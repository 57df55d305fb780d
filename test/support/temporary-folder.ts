/** A new folder for one test; removed when the test ends. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Creates the folder; to be called within a test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ensemble-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
