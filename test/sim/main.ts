/**
 * Runs simulations from the command line:
 *
 *     node test/sim/main.ts --seed 42 [--verbose] [--mutation skip-fsync]
 *     node test/sim/main.ts --seeds 1..500
 *     node test/sim/main.ts --count 1000        (fresh seeds)
 *
 * With --black-box only what clients could notice is checked, not what is on whose disk.
 * Prints the failure of each failed seed with the command that repeats it, and exits with 1.
 */
import { parseArgs } from "node:util";
import { mutations } from "./options.ts";
import type { Mutation } from "./options.ts";
import { SimulationFailure, runSimulation } from "./simulation.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    count: { type: "string" },
    mutation: { type: "string" },
    verbose: { type: "boolean", default: false },
    "black-box": { type: "boolean", default: false },
  },
});

function seedsToRun(): number[] {
  if (values.seed !== undefined) return [Number(values.seed)];
  if (values.seeds !== undefined) {
    const [from = NaN, to = NaN] = values.seeds.split("..").map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  }
  const first = Math.floor(Math.random() * 0x40000000);
  return Array.from({ length: Number(values.count ?? 100) }, (_, index) => first + index);
}

function mutationToRun(): Mutation | undefined {
  if (values.mutation === undefined) return undefined;
  const mutation = mutations.find((name) => name === values.mutation);
  if (mutation === undefined) throw new Error(`Unknown mutation '${values.mutation}'`);
  return mutation;
}

const seeds = seedsToRun();
if (seeds.length === 0 || seeds.some((seed) => !Number.isInteger(seed))) {
  throw new Error("Expected --seed N, --seeds A..B or --count N with whole numbers");
}
const mutation = mutationToRun();
const isBlackBox = values["black-box"];
const print = values.verbose ? (line: string) => console.log(line) : undefined;
const startedAtMs = performance.now();
let failures = 0;
let committed = 0;
let epochs = 0;
for (const seed of seeds) {
  try {
    const result = runSimulation({ seed, mutation, print, isBlackBox });
    committed += result.committed;
    epochs += result.epochs;
    if (seeds.length === 1) console.log(result);
  } catch (error) {
    if (!(error instanceof SimulationFailure)) throw error;
    failures += 1;
    console.log(error.message);
    if (values.verbose && error.cause instanceof Error) console.log(error.cause.stack);
  }
}
const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
console.log(`${seeds.length} seeds in ${seconds} s: ${committed} writes, ${epochs} epochs`);
console.log(`${seeds.length - failures} passed, ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
