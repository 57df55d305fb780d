/**
 * The operator under simulation: many seeds, each an ensemble with troubles of its own kind. A
 * failure names the seed and the command that repeats it. More seeds than the build has time for:
 * `npm run sim:operator -- --count 100000`.
 */
import { expect, it } from "vitest";
import { Violation } from "../violation.ts";
import { runSimulation } from "./simulation.ts";
import type { RunResult } from "./simulation.ts";

const SEEDS_PER_TEST = 250;
const FIRST_SEEDS = [1, 251, 501, 751];

function run(seed: number): RunResult {
  try {
    return runSimulation({ seed });
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    const repeat = `npm run sim:operator -- --seed ${seed} --verbose`;
    throw new Error(`Seed ${seed}: ${error.message}\n  ${repeat}`, { cause: error });
  }
}

it.each(FIRST_SEEDS)("seeds from %i on keep all rules and become as wanted", (first) => {
  const actions: Partial<Record<string, number>> = {};
  let acknowledged = 0;
  for (let seed = first; seed < first + SEEDS_PER_TEST; seed += 1) {
    const result = run(seed);
    acknowledged += result.acknowledged;
    for (const [kind, times] of Object.entries(result.actions)) {
      actions[kind] = (actions[kind] ?? 0) + times;
    }
  }
  // A simulation in which nothing happens would keep all rules, too.
  expect(acknowledged).toBeGreaterThan(SEEDS_PER_TEST * 50);
  expect(actions["recordRunning"]).toBeGreaterThan(SEEDS_PER_TEST * 0.9);
  expect(actions["recordImporting"]).toBeGreaterThan(SEEDS_PER_TEST / 10);
  expect(actions["deletePod"]).toBeGreaterThan(SEEDS_PER_TEST);
  for (const kind of [
    "recordAdopted",
    "addMember",
    "removeMember",
    "transferLeadership",
    "deleteClaim",
    "growClaim",
    "orphanPods",
    "recordRecovery",
  ]) {
    expect(actions[kind], kind).toBeGreaterThan(SEEDS_PER_TEST / 10);
  }
});

it("a run is repeated exactly by its seed, and differs from that of another seed", () => {
  const linesOf = (seed: number): string[] => {
    const lines: string[] = [];
    runSimulation({ seed, print: (line) => lines.push(line) });
    return lines;
  };
  expect(linesOf(5)).toEqual(linesOf(5));
  expect(linesOf(5)).not.toEqual(linesOf(6));
});
