/**
 * Cuts power from the command line:
 *
 *     npm run power-cuts -- --cuts 100000 [--seed 7] [--workload elections]
 *
 * The seed is printed, and repeats a run. Exits with 1 at the first cut that a server does not
 * survive.
 */
import { parseArgs } from "node:util";
import { cutPower } from "./power-cuts.ts";
import { workloads } from "./workloads.ts";

const { values } = parseArgs({
  options: {
    cuts: { type: "string", default: "20000" },
    seed: { type: "string" },
    workload: { type: "string" },
  },
});
const cuts = Number(values.cuts);
const seed = Number(values.seed ?? Math.floor(Math.random() * 0x40000000));
const chosen = workloads.filter(({ name }) => name === (values.workload ?? name));
if (!Number.isInteger(cuts) || !Number.isInteger(seed) || chosen.length === 0) {
  throw new Error("Expected --cuts N, --seed N with whole numbers, and --workload with its name");
}

const startedAtMs = performance.now();
const sum = { cuts: 0, starts: 0, lives: 0 };
for (const workload of chosen) {
  const share = Math.ceil(cuts / chosen.length);
  const result = await cutPower({ workload, seed, cuts: share });
  console.log(`${workload.name}:`, result);
  sum.cuts += result.cuts;
  sum.starts += result.starts;
  sum.lives += result.lives;
}
const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
console.log(
  `seed ${seed}: ${sum.cuts} cuts, ${sum.starts} starts, ${sum.lives} lives, ${seconds} s`,
);
