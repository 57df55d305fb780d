/**
 * Real servers under faults, for as long as a build can wait: the same program as `npm run faults`,
 * which goes on for longer. It says itself what it did; what it prints is in the failure.
 */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";

const program = fileURLToPath(new URL("./faults/main.ts", import.meta.url));
const TEST_TIMEOUT_MS = 300_000;

describe("Servers under kills, freezes, partitions, full disks and changes of members", () => {
  test.each([
    ["three", "--servers 3 --seed 11 --minutes 0.8"],
    ["five", "--servers 5 --seed 12 --minutes 0.8"],
    ["three on loopback", "--loopback --seed 13 --minutes 0.3"],
  ])("keep their promises: %s", { timeout: TEST_TIMEOUT_MS }, async (_who, options) => {
    const { code, output } = await run(options.split(" "));
    console.log(output);
    expect(code, output).toBe(0);
  });
});

async function run(options: readonly string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [program, ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  // Its servers go with it.
  onTestFinished(() => void child.kill());
  const ended = new Promise<number>((resolve) => {
    child.once("exit", (code) => resolve(code ?? 1));
  });
  const [out, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, output: out + errors };
}
