/**
 * Suites that need foreign programs: installs these before the tests are collected, or says, in
 * the suite's name and on standard error, why its tests are skipped. Only a missing program of the
 * machine skips; an installation that fails makes the file fail.
 */
import { describe } from "vitest";
import { MissingToolError } from "./missing-tools.ts";

/** As `describe`, after `installers` have run; use with a top-level `await`. */
export async function describeWithPeers(
  name: string,
  installers: readonly (() => Promise<unknown>)[],
  body: () => void,
): Promise<void> {
  try {
    for (const install of installers) await install();
  } catch (error) {
    if (!(error instanceof MissingToolError)) throw error;
    console.error(`SKIPPED: ${name}: ${error.message}`);
    describe.skip(`${name} (${error.message})`, body);
    return;
  }
  describe(name, body);
}
