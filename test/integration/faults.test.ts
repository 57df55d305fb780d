/**
 * Real servers under faults, for as long as a build can wait: the same program as `npm run faults`,
 * which goes on for longer. It says itself what it did; what it prints is in the failure.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const program = fileURLToPath(new URL("./faults/main.ts", import.meta.url));

/** Seeds that a build always runs, and how. */
const runs: readonly (readonly string[])[] = [
  ["--servers", "3", "--seed", "11", "--minutes", "1"],
  ["--servers", "5", "--seed", "12", "--minutes", "1"],
];

describe("Servers under kills, freezes, partitions and full disks", () => {
  test.each(runs)("keep their promises: %s %s %s %s", { timeout: 300_000 }, (...args) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
      encoding: "utf8",
    });
    expect(status, stdout + stderr).toBe(0);
  });

  test("keep them also without network namespaces", { timeout: 300_000 }, () => {
    const args = [program, "--loopback", "--seed", "13", "--minutes", "0.4"];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(status, stdout + stderr).toBe(0);
  });
});
