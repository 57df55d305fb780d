/**
 * Runs simulations of whole servers from the command line:
 *
 *     npm run sim -- --seed 42 [--verbose]
 *     npm run sim -- --seeds 2000 [--from 1] [--threads 2]
 *
 * Prints the failure of each failed seed with the command that repeats it and its options, then a
 * line that sums up; exits with 1 when a seed failed.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { optionsOf } from "./options.ts";
import { runSeeds } from "./run-seeds.ts";
import type { RunResult } from "./simulation.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "100" },
    from: { type: "string", default: "1" },
    threads: { type: "string", default: String(Math.min(2, availableParallelism())) },
    verbose: { type: "boolean", default: false },
  },
});

const first = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
const threads = Number(values.threads);
if (![first, count, threads].every((number) => Number.isSafeInteger(number) && number > 0)) {
  throw new Error("Expected --seed N, or --seeds N [--from N], with whole numbers");
}

const startedAtMs = performance.now();
const totals = {
  seeds: 0,
  failed: 0,
  decided: 0,
  epochs: 0,
  expired: 0,
  memberChanges: 0,
  actions: 0,
};

function take(result: RunResult): void {
  totals.seeds += 1;
  totals.decided += result.decided;
  totals.epochs += result.epochs;
  totals.expired += result.expired;
  totals.memberChanges += result.memberChanges;
  totals.actions += result.actions;
  if (count === 1) console.log(result);
  if (result.failure === undefined) return;
  totals.failed += 1;
  const { seed, failure } = result;
  console.log(`Seed ${seed}: ${failure.message}`);
  console.log(`  repeat: npm run sim -- --seed ${seed} --verbose`);
  console.log(`  options: ${JSON.stringify(optionsOf(seed))}`);
}

const print = values.verbose ? { print: (line: string) => console.log(line) } : {};
const runs = Array.from({ length: Math.min(threads, count) }, (_, thread) => {
  const own = Math.ceil((count - thread) / threads);
  const seeds = Array.from({ length: own }, (__, index) => first + thread + index * threads);
  return runSeeds({ seeds, ...print, finished: take });
});
await Promise.all(runs);

const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
const { seeds, failed, decided, epochs, expired, memberChanges, actions } = totals;
console.log(
  `${seeds} seeds in ${seconds} s: ${decided} transactions, ${epochs} epochs, ` +
    `${memberChanges} changes of members, ${expired} sessions expired, ${actions} events`,
);
console.log(`${seeds - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
